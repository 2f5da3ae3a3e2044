//! §5: a `pathlib.Path` is a file with ranges; open files and `BytesIO` are their bytes.

use owt_testing::raw::Raw;
use owt_testing::{Answer, Folder, Owt, Sent};

fn path_of(file: &std::path::Path) -> String {
    format!("lambda: pathlib.Path({file:?})")
}

#[test]
fn a_path_is_the_file_and_its_type_is_guessed() {
    let owt = Owt::start();
    let folder = Folder::new();
    for (name, types) in [
        ("page.html", &["text/html", "text/html; charset=utf-8"][..]),
        ("data.json", &["application/json"]),
        ("sound.wav", &["audio/wav", "audio/x-wav"]),
        ("image.png", &["image/png"]),
        ("film.mp4", &["video/mp4"]),
        ("style.css", &["text/css", "text/css; charset=utf-8"]),
        ("archive.tar.gz", &["application/gzip", "application/x-gzip"]),
        ("no-extension", &["application/octet-stream"]),
        ("what.unheard-of", &["application/octet-stream"]),
    ] {
        let file = folder.write(name, format!("content of {name}"));
        let answer = owt.code(&path_of(&file)).post("/");
        assert_eq!(answer.ok(), format!("content of {name}"));
        let content_type = answer.header("content-type");
        assert!(types.contains(&content_type), "{name}: {content_type}");
        assert_eq!(answer.header("accept-ranges"), "bytes", "{name}");
        assert_eq!(answer.header("content-encoding"), "", "{name} is kept, not unpacked");
    }
    let sub =
        owt.code("import pathlib\nclass P(type(pathlib.Path())): pass\ndef run(f): return P(f)");
    let file = folder.write("sub.txt", "sub");
    assert_eq!(sub.kwargs(&format!("{{'f': {file:?}}}")).post("/").ok(), "sub");
}

#[test]
fn a_large_file_comes_whole() {
    let owt = Owt::start();
    let folder = Folder::new();
    let content: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let file = folder.write("large.bin", &content);
    assert!(owt.code(&path_of(&file)).post("/").body == content);
}

#[test]
fn ranges_of_a_path_are_answered() {
    let owt = Owt::start();
    let folder = Folder::new();
    let file = folder.write("digits.txt", "0123456789");
    let call = owt.code(&path_of(&file));
    for (range, wanted, of) in [
        ("bytes=2-4", "234", "bytes 2-4/10"),
        ("bytes=0-0", "0", "bytes 0-0/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=-3", "789", "bytes 7-9/10"),
        ("bytes=5-99", "56789", "bytes 5-9/10"),
    ] {
        let request = call.getting("/digits.txt").header("range", range);
        let answer = Answer::of(request.send().unwrap());
        assert_eq!((answer.status, answer.text()), (206, wanted), "{range}");
        assert_eq!(answer.header("content-range"), of, "{range}");
        assert_eq!(answer.header("content-length"), wanted.len().to_string());
        assert!(answer.header("content-type").starts_with("text/plain"));
    }
    for range in ["bytes=10-", "bytes=99-100"] {
        let answer = Answer::of(call.getting("/").header("range", range).send().unwrap());
        assert_eq!(answer.status, 416, "{range}");
        assert_eq!(answer.header("content-range"), "bytes */10", "{range}");
    }
    assert_eq!(call.get("/").ok(), "0123456789");
    // GET alone has ranges (RFC 9110, 14.2).
    let posted = call.posting("/").header("range", "bytes=2-4").send().unwrap();
    assert_eq!(Answer::of(posted).ok(), "0123456789");
}

/// The answer to a GET with these header lines: status, header lines, body.
fn raw(owt: &Owt, call: &Sent, headers: &[&str]) -> (u16, String, String) {
    Raw::get(owt, call, "/", headers).answer()
}

#[test]
fn a_range_that_is_none_is_ignored() {
    let owt = Owt::start();
    let folder = Folder::new();
    let call = owt.code(&path_of(&folder.write("digits.txt", "0123456789")));
    let many = format!("bytes={}", vec!["0-0"; 5000].join(","));
    for range in [
        // No ranges at all (RFC 9110, 14.1.1).
        "bytes=5-2",
        "bytes=0-1,5-2",
        "bytes=-",
        "bytes=",
        "bytes=,",
        "bytes=a-b",
        "bytes=1",
        "bytes=1 - 2",
        "bytes=--1",
        "bytes",
        "",
        "lines=0-1",
        "0-1",
        // More of them than one, of which the whole file is as good an answer.
        "bytes=0-1,3-4",
        "bytes=3-4,0-1",
        "bytes=0-,0-,0-",
        "bytes=0-99999999999999999999",
        "bytes=-99999999999999999999",
        &many,
    ] {
        let (status, headers, body) = raw(&owt, &call, &[&format!("Range: {range}")]);
        assert_eq!((status, body.as_str()), (200, "0123456789"), "{range}");
        assert!(!headers.contains("content-range"), "{range}: {headers}");
        assert!(
            headers.contains("accept-ranges: bytes") && headers.contains("etag: "),
            "{headers}"
        );
    }
    let twice = ["Range: bytes=0-1", "Range: bytes=3-4"];
    assert_eq!(raw(&owt, &call, &twice).2, "0123456789");
    // Conditions are conditions all the same.
    let etag = call.get("/").header("etag").to_owned();
    let none_match = format!("If-None-Match: {etag}");
    assert_eq!(Raw::get(&owt, &call, "/", &["Range: bytes=5-2", &none_match]).head().0, 304);
}

#[test]
fn a_range_is_what_there_is_of_it() {
    let owt = Owt::start();
    let folder = Folder::new();
    let call = owt.code(&path_of(&folder.write("digits.txt", "0123456789")));
    for (range, wanted, of) in [
        ("bytes=-99", "0123456789", "bytes 0-9/10"),
        ("Bytes= 2-4 , ", "234", "bytes 2-4/10"),
        ("bytes=2-4,10-20", "234", "bytes 2-4/10"),
        ("bytes=99-,-2", "89", "bytes 8-9/10"),
    ] {
        let (status, headers, body) = raw(&owt, &call, &[&format!("Range: {range}")]);
        assert_eq!((status, body.as_str()), (206, wanted), "{range}");
        assert!(headers.contains(&format!("content-range: {of}\n")), "{range}: {headers}");
    }
    for range in ["bytes=10-10", "bytes=-0", "bytes=10-,-0", "bytes=99999999999999999999-"] {
        let (status, headers, _) = raw(&owt, &call, &[&format!("Range: {range}")]);
        assert_eq!(status, 416, "{range}");
        assert!(headers.contains("content-range: bytes */10\n"), "{range}: {headers}");
    }
}

#[test]
fn an_empty_file_has_no_ranges() {
    let owt = Owt::start();
    let folder = Folder::new();
    let call = owt.code(&path_of(&folder.write("empty.txt", "")));
    for range in ["bytes=-5", "bytes=5-2", "bytes=-1,-2"] {
        let (status, headers, body) = raw(&owt, &call, &[&format!("Range: {range}")]);
        assert_eq!((status, body.as_str()), (200, ""), "{range}");
        assert!(!headers.contains("content-range"), "{range}: {headers}");
    }
    for range in ["bytes=0-", "bytes=0-0", "bytes=-0"] {
        let (status, headers, _) = raw(&owt, &call, &[&format!("Range: {range}")]);
        assert_eq!(status, 416, "{range}");
        assert!(headers.contains("content-range: bytes */0\n"), "{range}: {headers}");
    }
}

#[test]
fn a_range_is_only_of_the_file_that_it_was_asked_of() {
    let owt = Owt::start();
    let folder = Folder::new();
    let call = owt.code(&path_of(&folder.write("digits.txt", "0123456789")));
    let first = call.get("/");
    let (etag, modified) = (first.header("etag"), first.header("last-modified"));
    let weak = format!("W/{etag}");
    for (validator, is_part) in [
        (etag, true),
        (modified, true),
        (&*weak, false),
        ("\"another\"", false),
        ("Thu, 01 Jan 1970 00:00:00 GMT", false),
        ("nonsense", false),
    ] {
        let if_range = format!("If-Range: {validator}");
        let (status, _, body) = raw(&owt, &call, &["Range: bytes=2-4", &if_range]);
        let wanted = if is_part { (206, "234") } else { (200, "0123456789") };
        assert_eq!((status, body.as_str()), wanted, "{validator}");
    }
}

#[test]
fn a_part_has_the_adaptors_headers_and_an_error_has_no_parts() {
    let owt = Owt::start();
    let folder = Folder::new();
    let file = folder.write("digits.txt", "0123456789");
    let headers =
        "{'X-Mine': ['a', 'b'], 'Content-Type': 'text/mine', 'Cache-Control': 'no-store'}";
    let call = owt.code(&format!("lambda: (pathlib.Path({file:?}), {headers})"));
    let part = raw(&owt, &call, &["Range: bytes=2-4"]);
    assert_eq!((part.0, part.2.as_str()), (206, "234"));
    let etag = format!("If-None-Match: {}", call.get("/").header("etag"));
    let (status, unchanged) = Raw::get(&owt, &call, "/", &[&etag]).head();
    assert_eq!(status, 304);
    for headers in [part.1, unchanged, raw(&owt, &call, &[]).1] {
        for line in ["x-mine: a", "x-mine: b", "content-type: text/mine", "cache-control: no-store"]
        {
            assert_eq!(headers.lines().filter(|it| *it == line).count(), 1, "{line}: {headers}");
        }
    }
    let missing = owt.code(&format!("lambda: (pathlib.Path({file:?}), 404)"));
    for line in
        ["Range: bytes=2-4", "If-None-Match: *", "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT"]
    {
        let (status, _, body) = raw(&owt, &missing, &[line]);
        assert_eq!((status, body.as_str()), (404, "0123456789"), "{line}");
    }
}

#[test]
fn a_document_is_known_by_its_content() {
    let owt = Owt::start();
    let folder = Folder::new();
    let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\"/>";
    for (content, wanted) in [
        (svg.to_owned(), "image/svg+xml"),
        (format!("\u{feff}<?xml version=\"1.0\"?>\n<!-- made -->\n{svg}"), "image/svg+xml"),
        (
            format!(
                "<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"a.dtd\" [<!ENTITY a \"b\">]>{svg}"
            ),
            "image/svg+xml",
        ),
        (format!("<!DOCTYPE html><p>{svg}"), "text/html"),
        (format!("<?xml version=\"1.0\"?><a>{svg}</a>"), "text/xml"),
        ("{\"a\": 1}".to_owned(), "application/json"),
        ("{'a': 1}".to_owned(), "application/octet-stream"),
        ("GIF89a\u{1}\0\u{1}\0".to_owned(), "image/gif"),
    ] {
        let file = folder.write("unnamed", &content);
        for code in [
            "lambda path: open(path, 'rb').read()".to_owned(),
            "lambda path: memoryview(open(path, 'rb').read())".to_owned(),
            "lambda path: io.BytesIO(open(path, 'rb').read())".to_owned(),
            "lambda path: open(path, 'rb')".to_owned(),
            "lambda path: pathlib.Path(path)".to_owned(),
            "lambda path: (pathlib.Path(path), 201)".to_owned(),
        ] {
            let call = owt.code(&code).kwargs(&format!("{{'path': {file:?}}}"));
            assert_eq!(call.post("/").header("content-type"), wanted, "{code} of {content}");
        }
    }
    // A name that tells and a type that is given stand above it.
    let named = folder.write("named.txt", svg);
    let answer = owt.code(&path_of(&named)).post("/");
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    let typed = format!("lambda: (b'{svg}', {{'content-type': 'text/mine'}})");
    assert_eq!(owt.code(&typed).post("/").header("content-type"), "text/mine");
}

#[test]
fn a_path_that_has_not_changed_need_not_be_sent_again() {
    let owt = Owt::start();
    let folder = Folder::new();
    let file = folder.write("page.txt", "first");
    let call = owt.code(&path_of(&file));
    let first = call.get("/");
    let (etag, modified) = (first.header("etag"), first.header("last-modified"));
    assert!(!etag.is_empty() && !modified.is_empty(), "{:?}", first.headers);
    for (name, value) in [("if-none-match", etag), ("if-modified-since", modified)] {
        let answer = Answer::of(call.getting("/").header(name, value).send().unwrap());
        assert_eq!((answer.status, answer.body.len()), (304, 0), "{name}");
    }
    // A range of a file that is another by now is all of the other.
    let part = call.getting("/").header("range", "bytes=0-1");
    let stale = part.header("if-range", "\"another\"").send().unwrap();
    assert_eq!(Answer::of(stale).ok(), "first");
    folder.write("page.txt", "second, and longer");
    let answer = Answer::of(call.getting("/").header("if-none-match", etag).send().unwrap());
    assert_eq!(answer.ok(), "second, and longer");
}

#[test]
fn a_path_takes_status_and_headers() {
    let owt = Owt::start();
    let folder = Folder::new();
    let file = folder.write("page.txt", "content");
    let code = format!(
        "lambda: (pathlib.Path({file:?}), 203, {{'X-Mine': 'yes', 'Content-Type': 'text/mine'}})"
    );
    let answer = owt.code(&code).post("/");
    assert_eq!((answer.status, answer.text()), (203, "content"));
    assert_eq!((answer.header("x-mine"), answer.header("content-type")), ("yes", "text/mine"));
}

#[test]
fn a_path_to_nothing_is_a_problem() {
    let owt = Owt::start();
    let folder = Folder::new();
    for missing in [folder.path("none.txt"), folder.path("")] {
        let answer = owt.code(&path_of(&missing)).post("/");
        let problem = answer.problem(500);
        let named = missing.to_str().unwrap().trim_end_matches('/');
        assert!(problem["detail"].as_str().unwrap().contains(named), "{problem}");
    }
}

#[test]
fn open_files_and_bytesio_are_their_bytes() {
    let owt = Owt::start();
    let folder = Folder::new();
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    let file = folder.write("image.png", png);
    let big: Vec<u8> = (0..2_000_000_u32).flat_map(u32::to_be_bytes).collect();
    let large = folder.write("large.bin", &big);
    for (code, wanted, content_type) in [
        (format!("lambda: open({file:?}, 'rb')"), png.to_vec(), "image/png"),
        (format!("lambda: open({file:?}, 'rb', buffering=0)"), png.to_vec(), "image/png"),
        (format!("const({file:?}).open()"), png.to_vec(), "image/png"),
        (format!("lambda: io.BytesIO(open({file:?}, 'rb').read())"), png.to_vec(), "image/png"),
        ("lambda: io.BytesIO(b'\\x00\\x01')".to_owned(), vec![0, 1], "application/octet-stream"),
        ("lambda: io.BytesIO()".to_owned(), vec![], ""),
        (format!("lambda: open({large:?}, 'rb')"), big, "application/octet-stream"),
    ] {
        let answer = owt.code(&code).post("/");
        assert_eq!(answer.status, 200, "{code}");
        assert!(answer.body == wanted, "{code}");
        if !content_type.is_empty() {
            assert_eq!(answer.header("content-type"), content_type, "{code}");
        }
    }
    // What was just written to a buffer is what it holds.
    let written =
        "import io\ndef run():\n    it = io.BytesIO()\n    it.write(b'%PDF-1.7')\n    return it\n";
    let answer = owt.code(written).post("/");
    assert_eq!((answer.ok(), answer.header("content-type")), ("%PDF-1.7", "application/pdf"));
    // It is closed when it has been sent.
    let closed = format!(
        "files = []\ndef run():\n    files.append(open({file:?}, 'rb'))\n    return files[-1]\n\
         def ask(): return all(file.closed for file in files)\n"
    );
    owt.code(&closed).post("/");
    assert_eq!(owt.code(&closed).field("fn_name", "ask").post("/").ok(), "True");
}

#[test]
fn what_was_written_to_a_file_is_answered_from_its_start() {
    let owt = Owt::start();
    let folder = Folder::new();
    let file = folder.write("data.bin", "0123456789");
    let write = |made: &str, content: &str| {
        format!(
            "import io, tempfile\ndef run():\n    it = {made}\n    it.write({content})\n    return it\n"
        )
    };
    let new = folder.path("new.txt");
    for code in [
        write("io.BytesIO()", "b'hello'"),
        write("io.StringIO()", "'hello'"),
        write("tempfile.TemporaryFile()", "b'hello'"),
        write("tempfile.TemporaryFile('w+')", "'hello'"),
        write("tempfile.NamedTemporaryFile(suffix='.csv')", "b'hello'"),
        write("tempfile.SpooledTemporaryFile()", "b'hello'"),
        write("tempfile.SpooledTemporaryFile(mode='w+')", "'hello'"),
        write(&format!("open({new:?}, 'w+b')"), "b'hello'"),
        write(&format!("open({new:?}, 'w+')"), "'hello'"),
    ] {
        assert_eq!(owt.code(&code).post("/").ok(), "hello", "{code}");
    }
    // What was read to its end has been read.
    let code = format!("def run():\n    it = open({file:?}, 'rb')\n    it.read()\n    return it\n");
    assert_eq!(owt.code(&code).post("/").ok(), "");
    for (code, named) in [
        (write(&format!("open({new:?}, 'wb')"), "b'hello'"), "open for writing alone"),
        (format!("def run():\n    with open({file:?}) as it: return it\n"), "a closed"),
    ] {
        let problem = owt.code(&code).post("/").refused(500, "unrenderable");
        assert!(problem["detail"].as_str().unwrap().contains(named), "{code}: {problem}");
    }
}

#[test]
fn a_kept_buffer_is_answered_again_and_again() {
    let owt = Owt::start();
    for (made, wanted) in [
        ("io.BytesIO(b'hello')", "hello"),
        ("io.StringIO('hello')", "hello"),
        ("io.BytesIO(b'hello')\nkept.seek(2)", "hello"),
        ("io.BytesIO()\nkept.write(b'hello')", "hello"),
    ] {
        let code = format!("import io\nkept = {made}\ndef run(): return kept\n");
        for time in 0..3 {
            assert_eq!(owt.code(&code).post("/").ok(), wanted, "{made}, {time}");
        }
    }
}
