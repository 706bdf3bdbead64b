//! Logs and metrics. Message text, tokens, passwords and whole e-mail addresses never go into them.

use std::borrow::Cow;
use std::io;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

/// Keep it until the end: what is still on its way to a collector of traces is sent when it goes.
#[must_use]
pub struct Telemetry {
    #[cfg(feature = "otel")]
    _traces: Option<crate::traces::Traces>,
}

/// Starts logging to standard error: JSON when `json`, else for people. `RUST_LOG` overrides the filter. Traces go to the
/// collector at `collector`, if this program was built to know of collectors.
/// A second call in one process does nothing, so that two apps fit in one test.
pub fn init(json: bool, collector: Option<&str>) -> Telemetry {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,async_nats=warn,sea_orm=warn,hyper=warn"));
    // At `debug` it writes down the values of every statement, texts of messages among them.
    let filter = match "tokio_postgres=info".parse() {
        Ok(quiet) => filter.add_directive(quiet),
        Err(_) => filter,
    };
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(|| Line);
    let lines = if json { lines.json().boxed() } else { lines.boxed() };
    let registry = tracing_subscriber::registry().with(lines.with_filter(filter));
    #[cfg(feature = "otel")]
    {
        let (traces, layer) = crate::traces::start(collector).unzip();
        if registry.with(layer).try_init().is_ok() {
            tracing::debug!("logging started");
        }
        Telemetry { _traces: traces }
    }
    #[cfg(not(feature = "otel"))]
    {
        if registry.try_init().is_ok() && collector.is_some() {
            tracing::warn!("OTEL_EXPORTER_OTLP_ENDPOINT is set, but this program was built without the feature `otel`");
        }
        Telemetry {}
    }
}

/// Standard error, a line for each event. What an error repeats of a stranger's words begins no line of its own there, moves no cursor and
/// turns no text around: whoever reads a log, or has a program read it, is not told what never happened.
struct Line;

impl io::Write for Line {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        // The subscriber hands an event over whole.
        io::stderr().lock().write_all(encoded(&String::from_utf8_lossy(event)).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().lock().flush()
    }
}

/// The event with everything that is not seen written out, in a way that JSON reads as well. Its own end stays.
fn encoded(event: &str) -> Cow<'_, str> {
    let (text, end) = event.strip_suffix('\n').map_or((event, ""), |text| (text, "\n"));
    if !text.contains(is_unseen) {
        return Cow::Borrowed(event);
    }
    let mut line = String::with_capacity(event.len() + 32);
    for letter in text.chars() {
        if is_unseen(letter) {
            let written = format!("\\u{:04x}", u32::from(letter));
            line.push_str(&written);
        } else {
            line.push(letter);
        }
    }
    line.push_str(end);
    Cow::Owned(line)
}

/// Other ends of lines, and what turns the direction of what follows.
pub fn turns(letter: char) -> bool {
    matches!(letter, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Controls, and what [`turns`].
fn is_unseen(letter: char) -> bool {
    letter.is_control() || turns(letter)
}

/// Seconds, from a tenth of a millisecond to the patience of a request.
const BUCKETS: [f64; 14] = [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

/// Starts counting; the handle renders what was counted, in Prometheus's text format. `None` when the process counts already.
/// No label ever carries a company, a person or a text: their number has no bound, and they are nobody's business.
pub fn count() -> Option<PrometheusHandle> {
    let builder = PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &BUCKETS).ok()?;
    builder.install_recorder().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_whatever_is_in_it() {
        for (event, line) in [
            ("WARN all is well: 一切正常\n", "WARN all is well: 一切正常\n"),
            ("no: a\r\nERROR forged\n", "no: a\\u000d\\u000aERROR forged\n"),
            ("no: \u{1b}[31m\u{9b}2J\u{7}\t\n", "no: \\u001b[31m\\u009b2J\\u0007\\u0009\n"),
            ("no: \u{202e}on\u{2028}\n", "no: \\u202eon\\u2028\n"),
            ("{\"why\":\"\u{85}\u{7f}\"}\n", "{\"why\":\"\\u0085\\u007f\"}\n"),
        ] {
            assert_eq!(encoded(event), line);
        }
        let read: serde_json::Value = serde_json::from_str(&encoded("{\"why\":\"\u{85}\"}\n")).unwrap();
        assert_eq!(read["why"], "\u{85}", "a reader of JSON is told what it was");
    }
}
