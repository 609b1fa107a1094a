//! `gt attach` on another machine: through a real sshd, which here listens on the loopback.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::unistd::{Uid, User};

use crate::screen::Screen;
use crate::support::{GT, Sandbox, wait_for};
use crate::town::kill;

const LEAVE: &str = "\x1d";
/// Tells of what it reads, and of its terminal's size whenever that changes.
const AGENT: &str =
    "trap 'echo size $(stty size)' WINCH; echo ready; stty -echo; while :; do read -r x && echo \"got $x\"; done";

/// A server of its own, with keys of its own; ends with the value.
struct Sshd {
    child: Child,
    directory: PathBuf,
    port: u16,
    user: String,
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn find(program: &str) -> Result<PathBuf, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/usr/local/sbin".into()])
        .map(|directory: PathBuf| directory.join(program))
        .find(|path| path.exists())
        .ok_or_else(|| format!("{program} is not here"))
}

impl Sshd {
    /// A server that takes this user's new key; or why there can be none here.
    fn start(sandbox: &Sandbox) -> Result<Sshd, String> {
        let (sshd, keygen) = (find("sshd")?, find("ssh-keygen")?);
        find("ssh")?;
        let directory = sandbox.path("ssh");
        std::fs::create_dir(&directory).unwrap();
        std::fs::set_permissions(&directory, PermissionsExt::from_mode(0o700)).unwrap();
        for key in ["host", "user"] {
            let made =
                Command::new(&keygen).args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(directory.join(key)).output();
            assert!(made.unwrap().status.success());
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let at = directory.display();
        let config = format!(
            "ListenAddress 127.0.0.1:{port}\nHostKey {at}/host\nAuthorizedKeysFile {at}/user.pub\nPidFile none\nStrictModes no\nUsePAM no\n\
             PermitRootLogin yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPrintMotd no\n"
        );
        std::fs::write(directory.join("config"), config).unwrap();
        let line = "exec \"$0\" -D -e -f \"$1\"";
        let mut command = Command::new("unshare");
        if Uid::effective().is_root() && !Path::new("/run/sshd").exists() {
            // It wants an empty directory that only a system's start makes: here in a view of the file system of its own.
            command.args(["-m", "--", "sh", "-c"]);
            command.arg(format!("mount -t tmpfs tmpfs /run && mkdir -m 755 /run/sshd && {line}"));
        } else {
            command = Command::new("sh");
            command.args(["-c", line]);
        }
        command
            .arg(&sshd)
            .arg(directory.join("config"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("sshd can't be run here: {error}"))?;
        let mut told = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut words = String::new();
        loop {
            match told.next() {
                Some(Ok(line)) if line.contains("listening on") => break,
                Some(Ok(line)) => words = line,
                _ => {
                    let _ = child.wait();
                    return Err(format!("sshd can't be run here: {words}"));
                }
            }
        }
        // What it says later is read, so that it never waits for a reader.
        std::thread::spawn(move || told.count());
        let user = User::from_uid(Uid::effective()).unwrap().unwrap().name;
        Ok(Sshd { child, directory, port, user })
    }

    /// Attaches to the mayor from another terminal, through the server.
    fn attach(&self, sandbox: &Sandbox, root: &Path) -> Screen {
        let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
        let mut line = format!("cd {} && exec env", quoted(root.to_str().unwrap()));
        for (name, value) in sandbox.command(GT).get_envs() {
            if let Some(value) = value.filter(|_| name != "TERM") {
                line.push_str(&format!(" {}={}", name.to_str().unwrap(), quoted(value.to_str().unwrap())));
            }
        }
        line.push_str(&format!(" {} attach mayor", quoted(GT)));
        let at = self.directory.display();
        let (key, port, user) = (format!("{at}/user"), self.port.to_string(), format!("{}@127.0.0.1", self.user));
        let known = format!("UserKnownHostsFile={at}/known");
        let args = [
            "-tt",
            "-F",
            "none",
            "-i",
            &key,
            "-p",
            &port,
            "-o",
            &known,
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "IdentitiesOnly=yes",
            "-o",
            "LogLevel=ERROR",
            &user,
            &line,
        ];
        Screen::start(
            sandbox,
            root,
            (60, 12),
            find("ssh").unwrap().to_str().unwrap(),
            &args,
            &[("TERM", "xterm-256color")],
        )
    }
}

#[test]
fn over_ssh_one_sees_types_resizes_leaves_and_loses_nothing_with_the_line() {
    let sandbox = Sandbox::new();
    let sshd = match Sshd::start(&sandbox) {
        Ok(sshd) => sshd,
        Err(why) => {
            println!("skipped: {why}");
            return;
        }
    };
    let root = sandbox.path("town");
    sandbox.gt(["install", root.to_str().unwrap()]).ok();
    sandbox.gt_in(&root, ["session", "start", "mayor/", "--cwd", "/", "--", "sh", "-c", AGENT]).ok();

    let mut screen = sshd.attach(&sandbox, &root);
    screen.wait("the agent's screen and the line below it", |text| text.contains("ready") && text.contains("ctrl-]"));
    screen.send("Grüße 漢字\r");
    screen.wait_text("got Grüße 漢字");
    screen.resize(70, 20);
    // The line at the bottom is ours.
    screen.wait_text("size 19 70");
    screen.send(LEAVE);
    assert_eq!(screen.end(), 0);
    wait_for("the terminal to be given back", || (!screen.taken_over() && screen.cursor().is_some()).then_some(()));
    screen.wait_text("it goes on");

    // The line is cut: the attached program on the far side ends, and the agent doesn't notice.
    let mut screen = sshd.attach(&sandbox, &root);
    screen.wait_text("got Grüße 漢字");
    let here = || sandbox.gt_in(&root, ["--json", "session", "status", "mayor"]).ok().json();
    assert_eq!(here()["clients"], 1, "{}", here());
    kill(screen.child.process_id().unwrap() as i32, "-KILL");
    screen.end();
    wait_for("nobody to be attached", || (here()["clients"] == 0).then_some(()));
    let screen = sshd.attach(&sandbox, &root);
    screen.wait_text("got Grüße 漢字");
    screen.send("again\r");
    screen.wait_text("got again");
    sandbox.gt_in(&root, ["session", "stop", "mayor"]).ok();
}
