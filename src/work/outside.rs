//! Commands of the person's own that tell somebody outside the town.

use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::base::text::neutralise;
use crate::base::{Error, Result, ResultExt};

/// How long it may take.
const LIMIT: Duration = Duration::from_secs(30);
/// How much of what it complains of is kept.
const KEPT: u64 = 2000;

/// Runs `argv` as it is, without a shell, with `input` on its standard input and `env` beside the environment.
///
/// # Errors
/// When it can't be started, fails, or takes too long; says what it complained of.
pub fn run(argv: &[String], input: &str, env: &[(String, String)]) -> Result<()> {
    let Some((program, args)) = argv.split_first() else {
        return Err(Error::usage("an empty command").hint("write program and arguments as a list of words"));
    };
    let mut command = Command::new(program);
    command.args(args).envs(env.iter().map(|(key, value)| (key, value)));
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().with_context(|| format!("start {program}"))?;
    let group = Pid::from_raw(child.id().cast_signed());
    let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
    let input = input.to_owned();
    // One that does not read, or writes without end, must hold nobody up.
    let writer = std::thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(input.as_bytes())));
    let reader = std::thread::spawn(move || {
        let mut kept = Vec::new();
        if let Some(mut stderr) = stderr {
            let _ = stderr.by_ref().take(KEPT).read_to_end(&mut kept);
            let _ = std::io::copy(&mut stderr, &mut std::io::sink());
        }
        kept
    });
    let begin = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().with_context(|| format!("wait for {program}"))? {
            break Some(status);
        }
        if begin.elapsed() > LIMIT {
            break None;
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    // Whatever it left running goes with it; that none is left is no mistake.
    let _ = killpg(group, Signal::SIGKILL);
    if status.is_none() {
        let _ = child.wait();
        return Err(Error::failed(format!("{program} took longer than {} s and was ended", LIMIT.as_secs())));
    }
    let _ = writer.join();
    let said = reader.join().unwrap_or_default();
    match status {
        Some(status) if status.success() => Ok(()),
        status => {
            let said = String::from_utf8_lossy(&said);
            let said = neutralise(said.trim(), true).into_owned();
            let how = status.map(|status| status.to_string()).unwrap_or_default();
            Err(Error::failed(format!("{program} failed ({how}){}{said}", if said.is_empty() { "" } else { ": " })))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn words_stay_words_and_failures_are_told() {
        let marker = tempfile::NamedTempFile::new().unwrap();
        let path = marker.path().display().to_string();
        let env = [("OUT".to_owned(), path.clone())];
        run(&words(&["sh", "-c", "cat > \"$OUT\"; echo \"$1\" >> \"$OUT\"", "sh", "$(id) `id`"]), "hello\n", &env)
            .unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "hello\n$(id) `id`\n");
        let error = run(&words(&["sh", "-c", "echo no route >&2; exit 3"]), &"x".repeat(1 << 20), &[]).unwrap_err();
        assert!(error.to_string().contains("no route"), "{error}");
        assert!(run(&words(&["/no/such/program"]), "", &[]).is_err());
        assert!(run(&[], "", &[]).is_err());
    }
}
