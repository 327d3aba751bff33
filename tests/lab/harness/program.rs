//! dnetctl as a host runs it: with this machine's C library beside it, since the root of an older Debian has an older one.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Where hosts see the libraries.
const LIBRARIES: &str = "/usr/local/lib/dnetctl-lab";

/// Files of this machine and where a host sees them; made by [`prepare`].
static FILES: OnceLock<Vec<(PathBuf, String)>> = OnceLock::new();

/// What a keeper binds into a host.
pub fn files() -> &'static [(PathBuf, String)] {
    FILES.get().expect("the lab was prepared")
}

/// Makes a copy of the program that looks for its libraries where hosts see them.
///
/// # Errors
/// A sentence, when a tool is missing or the copy cannot be made.
pub fn prepare() -> Result<(), String> {
    let built = Path::new(env!("CARGO_BIN_EXE_dnetctl"));
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
    // A running copy may not be overwritten, and another run of the lab may have one.
    let copy = directory.join(format!("dnetctl-{}", std::process::id()));
    forget_the_dead(directory);
    let mut files = patched(built, &copy)?;
    files.push((copy, "/usr/local/bin/dnetctl".to_owned()));
    // A second call finds the same files.
    let _ = FILES.set(files);
    Ok(())
}

/// The program as it is released, built by the first who asks for it; it finds the same libraries on a host.
pub fn release() -> Vec<u8> {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    let build = || {
        said(
            Command::new(env!("CARGO"))
                .args(["build", "--release", "--quiet", "--bin", "dnetctl", "--target-dir"])
                .arg(target())
                .current_dir(env!("CARGO_MANIFEST_DIR")),
        )?;
        let copy =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("dnetctl-{}", std::process::id() + 1_000_000_000));
        patched(&target().join("release/dnetctl"), &copy)?;
        let bytes = std::fs::read(&copy).map_err(|e| format!("{}: {e}", copy.display()));
        let _ = std::fs::remove_file(copy);
        bytes
    };
    BYTES.get_or_init(|| build().unwrap_or_else(|why| panic!("no release binary: {why}"))).clone()
}

/// Cargo's own directory, above the one for the files of tests.
fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("target/tmp has a parent")
}

/// Copies a program and has the copy look for its libraries where hosts see them. Returns these libraries, and where.
fn patched(built: &Path, copy: &Path) -> Result<Vec<(PathBuf, String)>, String> {
    std::fs::copy(built, copy).map_err(|e| format!("{} cannot be made: {e}", copy.display()))?;
    let mut files = Vec::new();
    for library in said(Command::new("ldd").arg(built))?.lines().filter_map(path_in) {
        let name = library.file_name().ok_or("ldd named a directory")?.to_string_lossy().into_owned();
        if name.starts_with("ld-linux") {
            let interpreter = format!("{LIBRARIES}/{name}");
            said(
                Command::new("patchelf").args(["--set-interpreter", &interpreter, "--set-rpath", LIBRARIES]).arg(copy),
            )?;
        }
        let real = library.canonicalize().map_err(|e| format!("{}: {e}", library.display()))?;
        files.push((real, format!("{LIBRARIES}/{name}")));
    }
    Ok(files)
}

/// The path in a line of ldd(1): `libc.so.6 => /lib/…/libc.so.6 (0x…)`, or the loader's own `/lib64/ld-linux-x86-64.so.2 (0x…)`.
fn path_in(line: &str) -> Option<PathBuf> {
    line.split_whitespace().find(|word| word.starts_with('/')).map(PathBuf::from)
}

fn said(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|e| format!("{} cannot be run: {e}", command.get_program().display()))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{} failed: {}", command.get_program().display(), stderr.trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Removes the copies of runs that have ended.
fn forget_the_dead(directory: &Path) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name.strip_prefix("dnetctl-").filter(|owner| owner.bytes().all(|b| b.is_ascii_digit()));
        if owner.is_some_and(|owner| !Path::new("/proc").join(owner).exists()) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
