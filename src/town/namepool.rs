//! The names polecats get: a theme a rig, chosen by the rig's name, numbered when all are taken.

use std::collections::HashSet;

use super::NamepoolSettings;

/// The themes there are.
pub const THEMES: [&str; 3] = ["mad-max", "minerals", "wasteland"];

const MAD_MAX: [&str; 50] = [
    "furiosa",
    "nux",
    "slit",
    "rictus",
    "dementus",
    "capable",
    "toast",
    "dag",
    "cheedo",
    "valkyrie",
    "keeper",
    "morsov",
    "ace",
    "warboy",
    "imperator",
    "citadel",
    "coma",
    "max",
    "angharad",
    "miss",
    "corpus",
    "organic",
    "bullet",
    "doof",
    "splendid",
    "vuvalini",
    "rockrider",
    "polecat_jack",
    "prime",
    "gastank",
    "buzzard",
    "chumbucket",
    "scabrous",
    "stank",
    "griffa",
    "hope",
    "glory",
    "pinky",
    "tenderloin",
    "intruder",
    "goose",
    "toecutter",
    "bubba",
    "johnny",
    "wez",
    "humungus",
    "pappagallo",
    "feral",
    "gyro",
    "aunty",
];
const MINERALS: [&str; 50] = [
    "obsidian",
    "quartz",
    "jasper",
    "onyx",
    "opal",
    "topaz",
    "garnet",
    "ruby",
    "amber",
    "jade",
    "pearl",
    "flint",
    "granite",
    "basalt",
    "marble",
    "shale",
    "slate",
    "pyrite",
    "mica",
    "agate",
    "malachite",
    "turquoise",
    "lapis",
    "emerald",
    "sapphire",
    "diamond",
    "amethyst",
    "citrine",
    "zircon",
    "peridot",
    "coral",
    "jet",
    "moonstone",
    "sunstone",
    "bloodstone",
    "rhodonite",
    "sodalite",
    "hematite",
    "magnetite",
    "calcite",
    "fluorite",
    "selenite",
    "kyanite",
    "labradorite",
    "amazonite",
    "chalcedony",
    "carnelian",
    "aventurine",
    "chrysoprase",
    "heliodor",
];
const WASTELAND: [&str; 50] = [
    "rust", "chrome", "nitro", "guzzle", "fume", "ash", "ember", "grit", "dust", "scrap", "spark", "torque", "piston",
    "gasket", "throttle", "diesel", "octane", "turbo", "manifold", "camshaft", "rotor", "axle", "clutch", "gearbox",
    "radiator", "muffler", "exhaust", "bumper", "fender", "chassis", "rivet", "sprocket", "ratchet", "crank", "bolt",
    "wrench", "hammer", "anvil", "forge", "furnace", "cinder", "soot", "smog", "haze", "mirage", "dune", "mesa",
    "canyon", "gulch", "outpost",
];

/// The names of a theme; those of `mad-max` for a theme there is not.
pub fn theme_names(theme: &str) -> &'static [&'static str] {
    match theme {
        "minerals" => &MINERALS,
        "wasteland" => &WASTELAND,
        _ => &MAD_MAX,
    }
}

/// The theme of a rig for which none is set; the same for the same name always.
pub fn theme_of(rig: &str) -> &'static str {
    // FNV-1a: a hash that stays the same from one version to the next.
    let hash = rig
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    THEMES[(hash % THEMES.len() as u64) as usize]
}

/// A name for a new polecat of `rig` that is not in `taken`: the first free of the rig's theme, then `<rig>-51` and on.
pub fn pick(taken: &HashSet<String>, rig: &str) -> String {
    pick_with(taken, rig, &NamepoolSettings::default())
}

/// As [`pick`], with the rig's own names and theme.
pub fn pick_with(taken: &HashSet<String>, rig: &str, settings: &NamepoolSettings) -> String {
    let theme = theme_names(settings.style.as_deref().unwrap_or_else(|| theme_of(rig)));
    let own = settings.names.iter().map(String::as_str);
    // Names are directories and session names, in which case may not count.
    let free = |name: &str| !taken.iter().any(|t| t.eq_ignore_ascii_case(name));
    let rig: String = rig.chars().take(24).collect();
    own.chain(theme.iter().copied())
        .find(|name| free(name))
        .map(str::to_owned)
        .or_else(|| (51..).map(|n: u32| format!("{rig}-{n}")).find(|name| free(name)))
        .unwrap_or(rig)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_theme_has_fifty_good_names() {
        for theme in THEMES {
            let names: HashSet<_> = theme_names(theme).iter().collect();
            assert_eq!(names.len(), 50, "{theme}");
            for name in names {
                assert!(super::super::validate_agent_name(name).is_ok(), "{name}");
                assert!(!["witness", "mayor", "deacon", "refinery"].contains(name));
            }
        }
    }

    #[test]
    fn a_hundred_polecats_have_a_hundred_names() {
        let mut taken = HashSet::new();
        for _ in 0..100 {
            let name = pick(&taken, "web");
            assert!(taken.insert(name));
        }
        assert!(taken.contains("web-51"));
    }

    #[test]
    fn own_names_come_first() {
        let settings = NamepoolSettings { style: Some("minerals".into()), names: vec!["zed".into()] };
        let mut taken = HashSet::new();
        assert_eq!(pick_with(&taken, "web", &settings), "zed");
        taken.insert("Zed".into());
        assert_eq!(pick_with(&taken, "web", &settings), "obsidian");
    }
}
