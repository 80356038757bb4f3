//! A demo that stays, and a visitor who has the program.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// A running demo whose story is told.
pub struct Visit {
    child: Child,
    /// The line that tells where everything is.
    told: Value,
}

impl Visit {
    /// Waits for the end of the story.
    pub fn begin(temporary: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_crossfade"))
            .args(["demo", "--stay", "--headless", "--for", "10s", "--rate", "200", "--seed", "2"])
            .env("TMPDIR", temporary)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let told = lines
            .map(|line| serde_json::from_str::<Value>(&line.expect("UTF-8")).expect("JSON"))
            .find(|line| line["event"] == "stay")
            .expect("it stays");
        Self { child, told }
    }

    /// What the demo tells of itself.
    pub fn told(&self, name: &str) -> &str {
        self.told[name].as_str().expect("told")
    }

    /// One command of the program, against the demo.
    pub fn crossfade(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_crossfade"))
            .args(arguments)
            .env("CROSSFADE_URL", self.told("control"))
            .env("CROSSFADE_TOKEN", self.told("control_token"))
            .output()
            .expect("the program starts")
    }

    /// The same, where it must go well; what it prints.
    pub fn done(&self, arguments: &[&str]) -> String {
        let output = self.crossfade(arguments);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {error}{text}");
        text
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let interrupt = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        if interrupt.is_ok_and(|status| status.success()) {
            let _ended = self.child.wait();
        }
    }
}
