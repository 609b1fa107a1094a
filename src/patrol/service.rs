//! The daemon as a service of the person's own: a unit for systemd, an agent for launchd.

use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;

use crate::base::report::{Paint, Report};
use crate::base::text::shell_word;
use crate::base::{Error, Result, ResultExt, files};
use crate::town::Town;

/// A service file that was written or removed.
#[derive(Debug, Clone, Serialize)]
pub struct Service {
    /// Its file.
    pub path: PathBuf,
    /// `systemd` or `launchd`.
    pub manager: &'static str,
    /// Whether it is there now.
    pub installed: bool,
    /// What to type next.
    pub next: Vec<String>,
}

impl Report for Service {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let verb = if self.installed { "Wrote" } else { "Removed" };
        writeln!(out, "{} {verb} {} for {}", paint.green("✓"), self.path.display(), self.manager)?;
        self.next.iter().try_for_each(|line| writeln!(out, "  {line}"))
    }
}

struct Plan {
    path: PathBuf,
    manager: &'static str,
    text: String,
    enable: Vec<String>,
    disable: Vec<String>,
}

fn plan(town: &Town) -> Result<Plan> {
    let home = std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
    let home = home.ok_or_else(|| Error::failed("HOME is not set").hint("set it to your home directory"))?;
    let gt = std::env::current_exe().context("find the running gt")?;
    let gt = gt.to_string_lossy().into_owned();
    let search = std::env::var("PATH").unwrap_or_default();
    if cfg!(target_os = "macos") {
        let label = format!("gastown.{}", town.id);
        let path = home.join("Library/LaunchAgents").join(format!("{label}.plist"));
        let text = launchd(&label, &gt, town, &search);
        let shown = shell_word(&path.to_string_lossy());
        return Ok(Plan {
            path,
            manager: "launchd",
            text,
            enable: vec![format!("launchctl load -w {shown}")],
            disable: vec![format!("launchctl unload -w {shown}")],
        });
    }
    let config = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let name = format!("gastown-{}.service", town.id);
    Ok(Plan {
        path: config.unwrap_or_else(|| home.join(".config")).join("systemd/user").join(&name),
        manager: "systemd",
        text: systemd(&gt, town, &search),
        enable: vec![
            "gt daemon stop".into(),
            "systemctl --user daemon-reload".into(),
            format!("systemctl --user enable --now {name}"),
            "loginctl enable-linger        (so that it runs while you are logged out)".into(),
        ],
        disable: vec![format!("systemctl --user disable --now {name}"), "systemctl --user daemon-reload".into()],
    })
}

/// A word of a unit file: quoted, with what systemd would replace doubled.
fn unit_word(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$");
    format!("\"{text}\"")
}

fn systemd(gt: &str, town: &Town, search: &str) -> String {
    let root = town.root.to_string_lossy();
    // `$` is replaced in commands only.
    let variable =
        |name: &str, value: &str| format!("Environment={}\n", unit_word(&format!("{name}={value}")).replace("$$", "$"));
    format!(
        "[Unit]\nDescription=Gas Town daemon of {}\nAfter=network.target\n\n[Service]\nType=simple\nExecStart={} daemon run\n\
         WorkingDirectory={}\n{}{}Restart=on-failure\nRestartSec=2\n\
         # Agents are sessions of their own: they go on when the daemon is stopped.\nKillMode=process\n\n\
         [Install]\nWantedBy=default.target\n",
        crate::base::text::neutralise(&town.name, true).replace('%', "%%"),
        unit_word(gt),
        root.replace('%', "%%"),
        variable("GT_ROOT", &root),
        variable("PATH", search),
    )
}

fn launchd(label: &str, gt: &str, town: &Town, search: &str) -> String {
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let root = escape(&town.root.to_string_lossy());
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <plist version=\"1.0\">\n<dict>\n\
         <key>Label</key><string>{}</string>\n\
         <key>ProgramArguments</key><array><string>{}</string><string>daemon</string><string>run</string></array>\n\
         <key>WorkingDirectory</key><string>{root}</string>\n\
         <key>EnvironmentVariables</key><dict><key>GT_ROOT</key><string>{root}</string><key>PATH</key><string>{}</string></dict>\n\
         <key>RunAtLoad</key><true/>\n<key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>\n\
         <key>AbandonProcessGroup</key><true/>\n</dict>\n</plist>\n",
        escape(label),
        escape(gt),
        escape(search),
    )
}

/// Writes the service's file; enabling it is left to the person.
///
/// # Errors
/// When there is no home directory, or the file can't be written.
pub fn install(town: &Town) -> Result<Service> {
    let plan = plan(town)?;
    if let Some(directory) = plan.path.parent() {
        files::make_dirs(directory, 0o755)?;
    }
    files::write_atomic(&plan.path, plan.text.as_bytes(), 0o644)?;
    Ok(Service { path: plan.path, manager: plan.manager, installed: true, next: plan.enable })
}

/// Removes the service's file.
///
/// # Errors
/// [`crate::base::Kind::NotFound`] when there is none.
pub fn uninstall(town: &Town) -> Result<Service> {
    let plan = plan(town)?;
    if !plan.path.exists() {
        return Err(Error::not_found(format!("no service of this town: {}", plan.path.display()))
            .hint("gt daemon install-service writes it"));
    }
    std::fs::remove_file(&plan.path).with_context(|| format!("remove {}", plan.path.display()))?;
    Ok(Service { path: plan.path, manager: plan.manager, installed: false, next: plan.disable })
}
