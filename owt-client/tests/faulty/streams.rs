//! Event streams and JSON lines as they come.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use owt_client::{ErrorKind, Event};
use owt_testing::peer::{Peer, Then, chunked, whole};
use serde_json::{Value, json};

use crate::call;

fn wanted(row: &Value) -> Vec<Event> {
    let text = |event: &Value, name: &str| event[name].as_str().map(str::to_owned);
    let event = |event: &Value| Event {
        name: text(event, "event").unwrap_or_else(|| "message".to_owned()),
        data: text(event, "data").unwrap(),
        id: text(event, "id"),
    };
    row["events"].as_array().unwrap().iter().map(event).collect()
}

/// The bytes in pieces that end at these places.
fn pieces<'a>(bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let starts = std::iter::once(0).chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain([bytes.len()]);
    starts.zip(ends).map(|(start, end)| &bytes[start..end]).collect()
}

#[tokio::test]
async fn events_are_read_as_the_vectors_say() {
    let rows = include_str!("../../../clients/vectors/events.json");
    for row in serde_json::from_str::<Vec<Value>>(rows).unwrap() {
        let bytes = STANDARD.decode(row["bytes"].as_str().unwrap()).unwrap();
        let cuts: Vec<usize> = serde_json::from_value(row["cuts"].clone()).unwrap();
        let every: Vec<_> = (1..bytes.len().min(300)).collect();
        for cuts in [cuts, every] {
            let media = ["Content-Type: Text/Event-Stream;charset=utf-8"];
            let answer = chunked(&media, &pieces(&bytes, &cuts));
            let peer = Peer::answering(move |_, _| (answer.clone(), Then::Keep));
            let mut stream = call(&peer).events().await.unwrap();
            let (mut read, mut problem) = (Vec::new(), None);
            while let Some(event) = stream.next().await {
                match event {
                    Ok(event) => read.push(event),
                    Err(error) => problem = Some(error),
                }
            }
            assert_eq!(read, wanted(&row), "{}", row["name"]);
            let Some(problem) = problem else {
                assert_eq!(row.get("problem"), None, "{}", row["name"]);
                continue;
            };
            assert_eq!(problem.kind(), ErrorKind::Problem);
            assert_eq!(u64::from(problem.status().unwrap().as_u16()), row["problem"]["status"]);
            let told = serde_json::to_value(problem.problem().unwrap()).unwrap();
            for (name, value) in row["problem"].as_object().unwrap() {
                // An own problem has owt's title.
                assert!(told[name] == *value || name == "title", "{name}: {told}");
            }
        }
    }
}

/// The problem is the stream's last word, though the body is cut after it.
#[tokio::test]
async fn a_problem_in_a_stream_is_told_and_not_the_cut_after_it() {
    let problem = json!({"title": "No credit", "status": 402, "balance": 30});
    let body = format!("data: a\n\nevent: error\ndata: {problem}\n\n");
    let mut answer = chunked(&["Content-Type: text/event-stream"], &[body.as_bytes()]);
    answer.pop();
    let peer = Peer::answering(move |_, _| (answer.clone(), Then::Close));
    let mut events = call(&peer).events().await.unwrap();
    assert_eq!(events.next().await.unwrap().unwrap().data, "a");
    let error = events.next().await.unwrap().unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string()),
        (ErrorKind::Problem, "No credit (402)".to_owned())
    );
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn asking_for_events_of_something_else_says_what_came() {
    for media in ["text/html", "application/json; charset=utf-8"] {
        let header = format!("Content-Type: {media}");
        let peer = Peer::saying(whole("200 OK", &[&header], "<html>log in"), || Then::Keep);
        let error = call(&peer).events().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unreadable);
        assert!(error.to_string().contains(media), "{error}");
    }
}

#[tokio::test]
async fn lines_are_read_wherever_they_are_cut() {
    let lines = "\u{feff}{\"a\": \"grü\u{2028}ß\u{85}\"}\r\n\r\n[2]\n3".as_bytes();
    let every: Vec<_> = (1..lines.len()).collect();
    for cuts in [vec![], every] {
        let answer = chunked(&[], &pieces(lines, &cuts));
        let peer = Peer::answering(move |_, _| (answer.clone(), Then::Keep));
        let mut stream = call(&peer).lines::<Value>().await.unwrap();
        let mut read = Vec::new();
        while let Some(line) = stream.next().await {
            read.push(line.unwrap());
        }
        assert_eq!(read, [json!({"a": "grü\u{2028}ß\u{85}"}), json!([2]), json!(3)]);
    }
}
