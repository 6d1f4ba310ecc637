//! What pip knows of package indexes: its configuration, and the page of a package.

use std::{fs, path::PathBuf};

use etcetera::BaseStrategy as _;
use reqwest::Url;

use super::place::variable;

/// The index that pip asks when nothing is configured.
const USUAL: &str = "https://pypi.org/simple";

/// The index that pip would ask on this machine: `PIP_INDEX_URL`, else `index-url` of its configuration files.
pub fn index() -> String {
    let named = variable("PIP_INDEX_URL").and_then(|value| value.into_string().ok());
    named
        .or_else(|| {
            let texts: Vec<String> = files().iter().filter_map(|file| fs::read_to_string(file).ok()).collect();
            texts.iter().rev().find_map(|text| configured(text))
        })
        .unwrap_or_else(|| USUAL.to_owned())
}

/// pip's configuration files; a later one overrules. <https://pip.pypa.io/en/stable/topics/configuration/>
fn files() -> Vec<PathBuf> {
    let mut files = vec![PathBuf::from("/etc/xdg/pip/pip.conf"), PathBuf::from("/etc/pip.conf")];
    if let Ok(user) = etcetera::choose_base_strategy() {
        files.push(user.home_dir().join(".pip/pip.conf"));
        files.push(user.home_dir().join("Library/Application Support/pip/pip.conf"));
        files.push(user.config_dir().join("pip/pip.conf"));
    }
    files.extend(variable("VIRTUAL_ENV").map(|folder| PathBuf::from(folder).join("pip.conf")));
    files.extend(variable("PIP_CONFIG_FILE").map(PathBuf::from));
    files
}

/// `index-url` of a configuration file; what stands under `[install]` or `[download]` overrules `[global]`.
fn configured(text: &str) -> Option<String> {
    let mut section = "";
    let mut found: Option<(bool, String)> = None;
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name.trim();
        } else if let Some((key, value)) = line.split_once(['=', ':']) {
            let special = matches!(section, "install" | "download");
            let key = key.trim().to_lowercase().replace('_', "-");
            if key == "index-url"
                && (special || section == "global")
                && !value.trim().is_empty()
                && found.as_ref().is_none_or(|found| special >= found.0)
            {
                found = Some((special, value.trim().to_owned()));
            }
        }
    }
    found.map(|found| found.1)
}

/// Where a package's page says that a file lies.
///
/// The page is HTML after PEP 503, which every index serves: links whose last part is the file's name.
pub fn link(page: &str, base: &Url, file: &str) -> Option<Url> {
    page.split("href=").skip(1).find_map(|rest| {
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let address = rest[1..].split(quote).next()?.replace("&amp;", "&");
        let mut url = base.join(&address).ok()?;
        url.set_fragment(None);
        (url.path_segments()?.next_back()? == file).then_some(url)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("[global]\nindex-url = https://a.example/simple\n", Some("https://a.example/simple"))]
    #[case("[global]\nindex_url: https://a.example/simple", Some("https://a.example/simple"))]
    #[case("[install]\nindex-url=https://b.example\n[global]\nindex-url=https://a.example", Some("https://b.example"))]
    #[case("[list]\nindex-url = https://c.example\n", None)]
    #[case("# [global]\n; index-url = x\n[global]\ntimeout = 60\nindex-url =\n", None)]
    #[case("index-url = nowhere", None)]
    fn the_index_is_where_pip_would_look(#[case] text: &str, #[case] expected: Option<&str>) {
        assert_eq!(configured(text).as_deref(), expected);
    }

    #[rstest]
    #[case(
        r#"<a href="https://files.example/12/p-1.whl#sha256=00">p-1.whl</a>"#,
        Some("https://files.example/12/p-1.whl")
    )]
    #[case(r#"<a href="../../files/p-1.whl?a=1&amp;b=2">p-1.whl</a>"#, Some("https://i.example/files/p-1.whl?a=1&b=2"))]
    #[case(r"<a href='p-1.tar.gz'></a><a data-x=1 href='p-1.whl'>", Some("https://i.example/simple/p/p-1.whl"))]
    #[case(r#"<a href="https://files.example/p-1.whl.metadata">"#, None)]
    #[case("<a href=", None)]
    #[case("", None)]
    fn the_page_of_a_package_leads_to_its_files(#[case] page: &str, #[case] expected: Option<&str>) {
        let base = Url::parse("https://i.example/simple/p/").unwrap();
        assert_eq!(link(page, &base, "p-1.whl").map(String::from).as_deref(), expected);
    }

    proptest! {
        #[test]
        fn any_text_can_be_read(text in "(href=|index-url|[\\[\\]=:\"'/ \n]|global|\\PC){0,40}") {
            let _ = configured(&text);
            let _ = link(&text, &Url::parse("https://i.example/").unwrap(), "p-1.whl");
        }
    }
}
