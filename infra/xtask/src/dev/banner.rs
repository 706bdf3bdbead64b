//! The box that tells where everything is.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use super::demo::Demo;
use crate::say;

/// All addresses and logins, in a box.
pub(super) fn text(port: u16, stripe: Option<u16>, demo: &Demo, log: &Path, took: Duration) -> String {
    let at = |path: &str| format!("http://localhost:{port}{path}");
    let mut lines = vec![format!("Frontdesk is ready after {}", say::seconds(took)), String::new()];
    let places = [
        ("Sign up", at("/signup")),
        ("Demo shop", at(&format!("/demo?key={}", demo.inbox_key))),
        ("Console", at("/console")),
        ("Portal", at("/portal")),
        ("API", at("/docs")),
        ("Mail", at("/dev/outbox")),
    ];
    lines.extend(places.into_iter().map(|(name, place)| format!("{name:<11}{place}")));
    lines.extend(
        stripe.map(|port| format!("{:<11}http://localhost:{port} (stand-in; card 4242 4242 4242 4242)", "Stripe")),
    );
    lines.push(String::new());
    lines.push("Log in to the demo company:".to_owned());
    let width = demo.logins.iter().map(|login| login.email.chars().count()).max().unwrap_or(0);
    lines.extend(
        demo.logins.iter().map(|login| format!("{:<11}{:<width$}   {}", login.role, login.email, login.password)),
    );
    lines.push(String::new());
    lines.push(format!("{:<11}{}", "Log", log.display()));
    lines.push(format!("{:<11}Ctrl-C", "Stop"));
    boxed(&lines)
}

fn boxed(lines: &[String]) -> String {
    let width = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    let bar = "─".repeat(width + 4);
    let mut text = format!("\n╭{bar}╮\n");
    for line in lines {
        let _infallible = writeln!(text, "│  {line:<width$}  │");
    }
    let _infallible = writeln!(text, "╰{bar}╯");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_box_is_equally_wide() {
        let demo =
            Demo::read(r#"{"inbox_key":"ik_1","logins":[{"role":"agent","email":"bo@demo.test","password":"pw"}]}"#)
                .unwrap();
        let text = text(7400, Some(7406), &demo, Path::new(".dev/logs/frontdesk.log"), Duration::from_secs(3));
        let widths: std::collections::BTreeSet<usize> = text.trim().lines().map(|line| line.chars().count()).collect();
        assert_eq!(widths.len(), 1, "{text}");
        assert!(text.contains("http://localhost:7400/demo?key=ik_1") && text.contains("bo@demo.test"));
    }
}
