use std::collections::HashSet;
use std::time::Duration;

use serde_json::json;

use super::{Exception, Fault, Problem, ProblemKind};

fn full() -> Problem {
    Problem::new(ProblemKind::AdaptorRaised, "ValueError: boom")
        .with_field("kwargs_b64")
        .with_line(1)
        .with_request_id("r1")
        .with_retry_after(Duration::from_millis(1200))
        .with_exception(Exception {
            r#type: "ValueError".into(),
            message: "boom".into(),
            traceback: "Traceback (most recent call last):\n  File \"a.py\", line 1, in run\nValueError: boom\n".into(),
        })
        .with_errors(vec![Fault {
            r#in: "body".into(),
            name: "x".into(),
            place: vec![json!("x"), json!(0)],
            message: "it should be a whole number".into(),
        }])
}

#[test]
fn as_json() {
    assert_eq!(
        serde_json::to_value(full()).unwrap(),
        json!({
            "type": "/_owt/problems/adaptor-raised",
            "title": "The adaptor raised an exception",
            "status": 500,
            "detail": "ValueError: boom",
            "field": "kwargs_b64",
            "line": 1,
            "request_id": "r1",
            "exception": {
                "type": "ValueError",
                "message": "boom",
                "traceback": "Traceback (most recent call last):\n  File \"a.py\", line 1, in run\nValueError: boom\n",
            },
            "retry_after": 2,
            "errors": [{
                "in": "body",
                "name": "x",
                "place": ["x", 0],
                "message": "it should be a whole number",
            }],
        })
    );
    let bare = serde_json::to_string(&Problem::new(ProblemKind::Busy, "full")).unwrap();
    assert_eq!(
        bare,
        r#"{"type":"/_owt/problems/busy","title":"The server is full","status":503,"detail":"full"}"#
    );
}

#[test]
fn every_kind_comes_back() {
    for kind in ProblemKind::ALL {
        let problem = Problem { kind: *kind, retry_after: Some(Duration::from_secs(2)), ..full() };
        let json = serde_json::to_string(&problem).unwrap();
        assert_eq!(serde_json::from_str::<Problem>(&json).unwrap(), problem);
        assert_eq!(ProblemKind::from_slug(kind.slug()), Some(*kind));
    }
}

#[test]
fn the_catalogue_is_orderly() {
    let slugs: HashSet<_> = ProblemKind::ALL.iter().map(|kind| kind.slug()).collect();
    assert_eq!(slugs.len(), ProblemKind::ALL.len());
    assert!(ProblemKind::ALL.is_sorted_by_key(|kind| kind.status()));
    for kind in ProblemKind::ALL {
        assert!(kind.slug().chars().all(|c| c.is_ascii_lowercase() || c == '-'));
        assert!((400..600).contains(&kind.status()));
        assert!(kind.explanation().ends_with('.') && !kind.title().ends_with('.'));
    }
}

#[test]
fn a_problem_of_another_server_keeps_what_it_says() {
    let read = |json| serde_json::from_value::<Problem>(json).unwrap();
    let credit = json!({
        "type": "https://example.com/no-credit", "title": "No credit", "status": 402,
        "detail": "30 are missing", "balance": -30, "retry_after": 1.5,
    });
    let problem = read(credit);
    assert_eq!(problem.to_string(), "No credit (402): 30 are missing");
    assert_eq!(problem.type_uri(), "https://example.com/no-credit");
    assert_eq!(problem.retry_after, Some(Duration::from_millis(1500)));
    assert_eq!(problem.foreign.as_ref().unwrap().members["balance"], -30);
    assert_eq!(
        problem.to_text(),
        "No credit (402): 30 are missing\n\ntype: https://example.com/no-credit\nbalance: -30\ntry again in: 2 s\n"
    );
    let again = serde_json::to_value(&problem).unwrap();
    assert_eq!((&again["balance"], &again["status"]), (&json!(-30), &json!(402)));

    let teapot = read(json!({"title": "Nope", "status": 418}));
    assert_eq!((teapot.type_uri().as_str(), teapot.status()), ("about:blank", 418));
    assert_eq!(read(json!({})).status(), 0);
    // A member of another type than it should have is none.
    let odd =
        json!({"type": 5, "title": "T", "status": "500", "detail": {"a": 1}, "exception": "x"});
    assert_eq!(read(odd).to_string(), "T (0)");
    // Not every address that ends like one of ours is ours.
    assert!(read(json!({"type": "https://example.org/p/busy", "status": 503})).foreign.is_some());
}

#[test]
fn a_problem_of_another_server_is_near_to_a_kind() {
    let read = |json| serde_json::from_value::<Problem>(json).unwrap().kind;
    for (status, kind) in [
        (400, ProblemKind::MalformedCall),
        (413, ProblemKind::BodyTooLarge),
        (418, ProblemKind::MalformedCall),
        (500, ProblemKind::Internal),
        (503, ProblemKind::Busy),
        (599, ProblemKind::Internal),
    ] {
        assert_eq!(read(json!({ "type": "/_owt/problems/newer", "status": status })), kind);
    }
    let far = json!({ "type": "https://example.org/_owt/problems/draining" });
    assert_eq!(read(far), ProblemKind::Draining);
    assert_eq!(read(json!({})), ProblemKind::Internal);
}

#[test]
fn as_text() {
    assert_eq!(
        full().to_text(),
        "The adaptor raised an exception (500): ValueError: boom

Traceback (most recent call last):
  File \"a.py\", line 1, in run
ValueError: boom

field: kwargs_b64
try again in: 2 s
request: r1
"
    );
    assert_eq!(Problem::new(ProblemKind::Busy, "").to_text(), "The server is full (503)\n");
}

#[test]
fn the_documentation_lists_every_problem() {
    let page = include_str!("../../../docs/wire.md");
    for kind in ProblemKind::ALL {
        let mut rows = page.lines().filter(|line| line.starts_with("| "));
        let row = rows.find(|line| line.contains(&format!("`{}`", kind.slug())));
        let row = row.unwrap_or_else(|| panic!("docs/wire.md lacks {}", kind.slug()));
        assert!(row.starts_with(&format!("| {} |", kind.status())), "{row}");
    }
}
