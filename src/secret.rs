//! Secrets: from the environment or from a file that it names, and never shown.

use std::path::Path;

use secrecy::SecretString;

/// The secret called `name`: the value of that variable, or the first line of the file that `name_FILE` names (as container platforms
/// mount them). `None` where neither is set.
///
/// # Errors
/// In words for the operator: both are set, the file cannot be read, or there is nothing in it. Never the secret itself.
pub fn from_environment(name: &str) -> Result<Option<SecretString>, String> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let file_name = format!("{name}_FILE");
    match (set(name), set(&file_name)) {
        (Some(_), Some(_)) => Err(format!("both {name} and {file_name} are set: set one of them")),
        (Some(value), None) => Ok(Some(value.trim().into())),
        (None, Some(path)) => read(Path::new(&path)).map(Some).map_err(|why| format!("{file_name}: {why}")),
        (None, None) => Ok(None),
    }
}

fn read(path: &Path) -> Result<SecretString, String> {
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {}", path.display(), error.kind()))?;
    match text.lines().next().map(str::trim) {
        Some(line) if !line.is_empty() => Ok(line.into()),
        _ => Err(format!("{} is empty", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_secret_is_the_first_line_of_its_file_and_is_never_shown() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, "123:abc \n").unwrap();
        let secret = read(&path).unwrap();
        assert_eq!(secret.expose_secret(), "123:abc");
        assert!(!format!("{secret:?}").contains("abc"));

        std::fs::write(&path, "\n").unwrap();
        assert!(read(&path).unwrap_err().ends_with("is empty"));
        assert!(read(&dir.path().join("none")).unwrap_err().contains("cannot read"));
    }
}
