//! `owt doctor`: says which Python would be served, and what it lacks.

use std::fmt::{self, Write};
use std::path::PathBuf;

use owt_server::{Config, Diagnosis, diagnose};

use crate::args::DoctorArgs;
use crate::failure::Failure;
use crate::output;

pub(crate) fn run(args: &DoctorArgs) -> Result<(), Failure> {
    let diagnosis = diagnose(&Config { python: args.python.clone(), ..Config::default() });
    if args.json {
        let json = serde_json::to_string_pretty(&diagnosis)
            .map_err(|error| Failure::Write(error.into()))?;
        output::line(&json)?;
    } else {
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = write_report(&mut text, &diagnosis);
        output::write(text.as_bytes())?;
    }
    if diagnosis.problems.is_empty() { Ok(()) } else { Err(Failure::Unwell) }
}

fn write_report(text: &mut String, diagnosis: &Diagnosis) -> fmt::Result {
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    let facts = [
        ("python", path(&diagnosis.executable)),
        ("version", diagnosis.version.clone()),
        ("owt is linked with", diagnosis.linked_version.clone()),
        ("prefix", path(&diagnosis.prefix)),
        ("virtual environment", path(&diagnosis.venv)),
    ];
    for (name, fact) in facts {
        writeln!(text, "{name:20} {}", fact.as_deref().unwrap_or("none"))?;
    }
    for (package, version) in &diagnosis.packages {
        writeln!(text, "{package:20} {}", version.as_deref().unwrap_or("not installed"))?;
    }
    for problem in &diagnosis.problems {
        writeln!(text, "problem: {problem}")?;
    }
    if diagnosis.problems.is_empty() {
        writeln!(text, "All well: `owt serve` can serve this Python.")?;
    }
    Ok(())
}
