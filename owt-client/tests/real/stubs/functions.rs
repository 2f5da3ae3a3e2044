//! The functions that a server publishes.
//!
//! Written by `owt stubs --for rust`; write it again when the functions change. It needs the crates
//! owt-client, serde (with its feature `derive`) and serde_json.

#![allow(dead_code, unused_imports, clippy::all, clippy::pedantic, clippy::nursery)]

use std::collections::BTreeMap;

use owt_client::{Bytes, Client, Error, PyBytes, ReplyStream};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Bytes within something else, in base64.
pub type Base64 = String;

/// The functions of `tools`.
pub mod tools {
    use super::*;

    /// Add two numbers.
    ///
    /// ````text
    /// Any two.
    /// ````
    pub async fn add(client: &Client, x: i64, y: Option<i64>) -> Result<i64, Error> {
        let mut call = client.function("tools.add");
        call = call.named("x", x);
        if let Some(y) = y { call = call.named("y", y); }
        call.value().await
    }

    /// Greet somebody.
    pub async fn greet(client: &Client, name: &str, greeting: Option<GreetGreeting>) -> Result<String, Error> {
        let mut call = client.function("tools.greet");
        call = call.named("name", name);
        if let Some(greeting) = greeting { call = call.named("greeting", greeting); }
        call.value().await
    }

    /// Do nothing.
    pub async fn nothing(client: &Client) -> Result<(), Error> {
        let call = client.function("tools.nothing");
        call.send().await?.success().await.map(drop)
    }

    /// Move a point.
    pub async fn r#move(client: &Client, point: Point, by: Option<(f64, f64)>) -> Result<Point, Error> {
        let mut call = client.function("tools.move");
        call = call.named("point", point);
        if let Some(by) = by { call = call.named("by", by); }
        call.value().await
    }

    /// Tell of numbers.
    pub async fn stats(client: &Client, ns: Vec<f64>) -> Result<BTreeMap<String, f64>, Error> {
        let mut call = client.function("tools.stats");
        call = call.named("ns", ns);
        call.value().await
    }

    /// Tell the day.
    pub async fn day_of(client: &Client, at: &str) -> Result<String, Error> {
        let mut call = client.function("tools.day_of");
        call = call.named("at", at);
        call.value().await
    }

    /// Tell a price.
    pub async fn price(client: &Client, amount: Value, id: Option<&str>) -> Result<Value, Error> {
        let mut call = client.function("tools.price");
        call = call.named("amount", amount);
        if let Some(id) = id { call = call.named("id", id); }
        call.value().await
    }

    /// Add any number of numbers.
    pub async fn total(client: &Client, ns: Vec<i64>) -> Result<i64, Error> {
        let mut call = client.function("tools.total");
        for one in ns { call = call.arg(one); }
        call.value().await
    }

    /// Give back what came.
    pub async fn anything(client: &Client, named: Map<String, Value>) -> Result<BTreeMap<String, Value>, Error> {
        let mut call = client.function("tools.anything");
        for (name, one) in named { call = call.named(name, one); }
        call.value().await
    }

    /// Give back what was said.
    pub async fn choose(client: &Client, options: Options, colour: Option<Colour>) -> Result<Options, Error> {
        let mut call = client.function("tools.choose");
        call = call.named("options", options);
        if let Some(colour) = colour { call = call.named("colour", colour); }
        call.value().await
    }

    /// Count bytes.
    pub async fn size(client: &Client, data: &[u8]) -> Result<i64, Error> {
        let mut call = client.function("tools.size");
        call = call.named("data", PyBytes(data));
        call.value().await
    }

    /// Tell a file's name.
    pub async fn r#where(client: &Client, path: Value) -> Result<String, Error> {
        let mut call = client.function("tools.where");
        call = call.named("path", path);
        call.value().await
    }

    /// Draw a red pixel.
    pub async fn picture(client: &Client) -> Result<Bytes, Error> {
        let call = client.function("tools.picture");
        call.bytes().await
    }

    /// Say nothing, in WAV.
    pub async fn sound(client: &Client) -> Result<Bytes, Error> {
        let call = client.function("tools.sound");
        call.bytes().await
    }

    /// Count up.
    pub async fn count(client: &Client, to: i64) -> Result<ReplyStream<Bytes>, Error> {
        let mut call = client.function("tools.count");
        call = call.named("to", to);
        call.stream().await
    }

    /// Wait.
    pub async fn wait(client: &Client, seconds: f64) -> Result<f64, Error> {
        let mut call = client.function("tools.wait");
        call = call.named("seconds", seconds);
        call.value().await
    }

    /// Raise an error.
    pub async fn fail(client: &Client, why: &str) -> Result<i64, Error> {
        let mut call = client.function("tools.fail");
        call = call.named("why", why);
        call.value().await
    }

    pub async fn untold(client: &Client, x: Value) -> Result<Value, Error> {
        let mut call = client.function("tools.untold");
        call = call.named("x", x);
        call.value().await
    }

    /// Give something else than its hint says.
    pub async fn wrong(client: &Client) -> Result<i64, Error> {
        let call = client.function("tools.wrong");
        call.value().await
    }

    /// Double a number.
    pub async fn double(client: &Client, n: i64) -> Result<i64, Error> {
        let mut call = client.function("tools.double");
        call = call.named("n", n);
        call.value().await
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GreetGreeting {
    #[serde(rename = "Hello")]
    Hello,
    #[serde(rename = "Goodbye")]
    Goodbye,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    #[serde(rename = "colour", default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<Colour>,
    #[serde(rename = "x")]
    pub x: f64,
    #[serde(rename = "y")]
    pub y: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Options {
    #[serde(rename = "depth", default, skip_serializing_if = "Option::is_none")]
    pub depth: Option<i64>,
    #[serde(rename = "name", default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Colour {
    #[serde(rename = "red")]
    Red,
    #[serde(rename = "blue")]
    Blue,
}
