//! The limit: what actix-web gives when it decodes the same call and runs no Python.
//!
//! Each route takes the JSON body that owt takes, decodes its base64 fields, and answers the
//! body that owt's adaptor would have made. actix-web's default number of workers (one a core).

use std::convert::Infallible;
use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::web::{self, Bytes};
use actix_web::{App, HttpResponse, HttpServer, error::ErrorBadRequest};
use base64::prelude::{BASE64_STANDARD, Engine};
use serde::Deserialize;

const CHUNKS: u32 = 100_000;
const BINARY_REPEATS: usize = 2_500_000;

#[derive(Deserialize)]
struct Call {
    code_b64: String,
    kwargs_b64: String,
}

impl Call {
    fn decode(&self) -> actix_web::Result<()> {
        for field in [&self.code_b64, &self.kwargs_b64] {
            black_box(BASE64_STANDARD.decode(field).map_err(ErrorBadRequest)?);
        }
        Ok(())
    }
}

async fn hello(call: web::Json<Call>) -> actix_web::Result<HttpResponse> {
    call.decode()?;
    Ok(html().body("Hello, owt!"))
}

async fn stream(call: web::Json<Call>) -> actix_web::Result<HttpResponse> {
    call.decode()?;
    Ok(html().body(Chunks(0)))
}

async fn binary(call: web::Json<Call>, data: web::Data<Bytes>) -> actix_web::Result<HttpResponse> {
    call.decode()?;
    Ok(HttpResponse::Ok()
        .content_type("application/octet-stream")
        .body(Bytes::clone(&data)))
}

fn html() -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response.content_type("text/html; charset=utf-8");
    response
}

/// The numbered chunks of the stream case, always ready; holds the next number.
struct Chunks(u32);

impl MessageBody for Chunks {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        let number = self.0;
        self.0 += 1;
        Poll::Ready((number < CHUNKS).then(|| Ok(format!("chunk number {number:05}").into())))
    }
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let port: u16 = std::env::args()
        .nth(1)
        .and_then(|port| port.parse().ok())
        .ok_or_else(|| std::io::Error::other("usage: owt-bench-limit PORT"))?;
    let data = Bytes::from(b"owt!".repeat(BINARY_REPEATS));
    HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(data.clone()))
            .route("/hello", web::post().to(hello))
            .route("/stream", web::post().to(stream))
            .route("/binary", web::post().to(binary))
    })
    .bind(("127.0.0.1", port))?
    .shutdown_timeout(1)
    .run()
    .await
}
