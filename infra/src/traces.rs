//! Traces to an OpenTelemetry collector, over HTTP. Spans carry routes, kinds and durations; never a text, a token or a name.

use async_trait::async_trait;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Layer};

use crate::http::{Cookies, client, reqwest};
use crate::spoken::OrLog as _;

/// Which of our spans are sent. How many of them, `OTEL_TRACES_SAMPLER` says.
const SENT: &str = "off,api=debug,infra=debug,routing=debug,tenant=debug,desk=debug";

/// The way to the collector. Sends what is left when it goes.
pub(crate) struct Traces(SdkTracerProvider);

impl Drop for Traces {
    fn drop(&mut self) {
        self.0.shutdown().or_log("sending the last traces");
    }
}

/// Sends from the exporter's own thread by the runtime of the program.
#[derive(Debug)]
struct Sender {
    client: reqwest::Client,
    runtime: tokio::runtime::Handle,
}

#[async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let ask = self.client.request(head.method, head.uri.to_string()).headers(head.headers).body(body);
        let answer = self.runtime.spawn(async move {
            let answer = ask.send().await?;
            let status = answer.status();
            Ok::<_, reqwest::Error>((status, answer.bytes().await?))
        });
        let (status, body) = answer.await??;
        Ok(Response::builder().status(status).body(body)?)
    }
}

/// The layer that sends spans, and what it sends them with. `None` without a collector, or when it cannot be used.
pub(crate) fn start<S>(collector: Option<&str>) -> Option<(Traces, impl Layer<S> + use<S>)>
where
    S: tracing::Subscriber + for<'span> LookupSpan<'span>,
{
    let collector = collector?.trim_end_matches('/');
    let runtime = tokio::runtime::Handle::try_current().or_log("finding the runtime for traces")?;
    let client = client("frontdesk", Cookies::Refused).or_log("making the client for traces")?;
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Sender { client, runtime })
        .with_endpoint(format!("{collector}/v1/traces"))
        .build()
        .or_log("making the exporter of traces")?;
    let resource = Resource::builder().with_service_name("frontdesk").build();
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
    let layer: OpenTelemetryLayer<S, SdkTracer> =
        tracing_opentelemetry::layer().with_tracer(provider.tracer("frontdesk"));
    Some((Traces(provider), layer.with_filter(EnvFilter::new(SENT))))
}
