//! `gt dashboard`: the town in a browser.

use std::io::{self, Write};
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use clap::Args;
use serde::Serialize;

use crate::base::Result;
use crate::base::report::{self, Output, Paint, Report};
use crate::dashboard::{self, Opened, Options};
use crate::town::Town;

/// Show the town in a browser
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  gt dashboard --open\n  gt dashboard --port 0 --json\n  gt dashboard --listen 0.0.0.0 --host mybox.lan"
)]
pub struct Dashboard {
    /// The port to listen on; 0 for any free one
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Open it in the browser
    #[arg(long)]
    open: bool,
    /// Listen on this address rather than on this machine's own (127.0.0.1)
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    listen: IpAddr,
    /// Also answer to this host name; may be given several times
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
}

#[derive(Serialize)]
struct Told {
    url: String,
    login: String,
    token_file: PathBuf,
    #[serde(skip)]
    everybody: bool,
}

impl Report for Told {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        writeln!(out, "Dashboard  {}", paint.bold(&self.login))?;
        writeln!(out, "{}", paint.dim("The address logs one browser in, once. For others: the token in"))?;
        writeln!(out, "{}", paint.dim(&format!("{}. ctrl-c ends it.", self.token_file.display())))?;
        if self.everybody {
            let warning = "It can be reached from other machines, unencrypted: use it only in a network you trust.";
            writeln!(out, "{} {warning}", paint.yellow("note:"))?;
        }
        Ok(())
    }
}

impl Dashboard {
    /// Serves until it is told to end.
    ///
    /// # Errors
    /// When there is no town, or the port is taken.
    pub fn run(self, output: Output) -> Result<()> {
        let town = Town::current()?;
        let options = Options { port: self.port, listen: self.listen, hosts: self.hosts };
        dashboard::run(&town, &options, |Opened { url, login, token_file }| {
            let told = Told {
                url: url.clone(),
                login: login.clone(),
                token_file: token_file.clone(),
                everybody: !options.listen.is_loopback(),
            };
            report::print(output, &told)?;
            if self.open {
                open(login);
            }
            Ok(())
        })
    }
}

/// Opens `url` in the person's browser; the address stands on the terminal where that can't be done.
fn open(url: &str) {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let started =
        Command::new(program).arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    match started {
        Ok(mut child) => drop(std::thread::spawn(move || child.wait())),
        Err(error) => {
            eprintln!("{} {program}: {error}; open the address above by hand", Paint::stderr().yellow("note:"))
        }
    }
}
