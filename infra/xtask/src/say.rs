//! What the commands print while they work. All of it goes to stderr, so that stdout stays free for results.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

/// A step that is done, with what came of it and how long it took.
pub(crate) fn done(name: &str, what: &str, took: Duration) {
    eprintln!("  {} {name:<10} {what:<44} {}", green("✓"), dim(&seconds(took)));
}

/// A step that begins and will take a while.
pub(crate) fn begin(name: &str, what: &str) {
    eprintln!("  {} {name:<10} {what}", dim("…"));
}

/// Something worth knowing that needs no action now.
pub(crate) fn note(what: &str) {
    eprintln!("  {} {what}", dim("·"));
}

/// Why the command ends.
pub(crate) fn failure(sentence: &str) {
    eprintln!("\n{} {sentence}", red("error:"));
}

/// A result, on stdout. A reader that has gone away is no error.
pub(crate) fn result(text: &str) {
    let _gone = writeln!(std::io::stdout(), "{text}");
}

/// A heading between groups of steps.
pub(crate) fn heading(text: &str) {
    eprintln!("\n{}", bold(text));
}

/// "0.4 s", "73 s" or "12 min 05 s".
pub(crate) fn seconds(took: Duration) -> String {
    match took.as_secs() {
        0..10 => format!("{:.1} s", took.as_secs_f64()),
        10..120 => format!("{} s", took.as_secs()),
        long => format!("{} min {:02} s", long / 60, long % 60),
    }
}

/// How much of a long log an error message shows: why it went wrong often stands first, where it did last.
const FIRST: usize = 6;
const LAST: usize = 18;

/// The telling lines of a log file, for an error message.
pub(crate) fn excerpt(log: &Path) -> String {
    let bytes = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let mut lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    if lines.len() > FIRST + LAST {
        let end = lines.len() - LAST;
        lines.splice(FIRST..end, ["…"]);
    }
    format!("    {}\n", lines.join("\n    "))
}

pub(crate) fn bold(text: &str) -> String {
    paint("1", text)
}

pub(crate) fn dim(text: &str) -> String {
    paint("2", text)
}

pub(crate) fn green(text: &str) -> String {
    paint("32", text)
}

pub(crate) fn red(text: &str) -> String {
    paint("31", text)
}

fn paint(code: &str, text: &str) -> String {
    use std::io::IsTerminal;
    if std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        format!("\x1b[{code}m{text}\x1b[0m")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        assert_eq!(seconds(Duration::from_millis(440)), "0.4 s");
        assert_eq!(seconds(Duration::from_secs(73)), "73 s");
        assert_eq!(seconds(Duration::from_secs(725)), "12 min 05 s");
    }

    #[test]
    fn a_long_log_is_shown_by_its_beginning_and_its_end() {
        let log = std::env::temp_dir().join(format!("xtask-excerpt-{}", std::process::id()));
        let lines: Vec<String> = (1..=40).map(|number| format!("line {number}")).collect();
        fs::write(&log, lines.join("\n")).unwrap();
        let shown = excerpt(&log);
        fs::remove_file(&log).unwrap();
        assert!(shown.contains("line 6\n    …\n    line 23\n") && shown.ends_with("line 40\n"), "{shown}");
    }
}
