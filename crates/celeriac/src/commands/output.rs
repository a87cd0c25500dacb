use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

use super::{CommandError, logging, plain_text};

/// Writes data to stdout, ending the line. A reader that has gone away (`| head`) is no error.
pub fn print(text: &str) {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes());
    if !text.ends_with('\n') {
        let _ = stdout.write_all(b"\n");
    }
    let _ = stdout.flush();
}

/// Writes a command's error to stderr.
pub fn print_error(error: &CommandError) {
    if logging::error(error) {
        return;
    }
    let _ = io::stderr()
        .lock()
        .write_all(error.report(styled_stderr()).as_bytes());
}

/// Writes what is wrong with a command line, or the help it asks for; the exit code.
pub fn print_usage(error: &clap::Error) -> u8 {
    let text = error.render().to_string();
    match plain_text::lines(&text) {
        Cow::Borrowed(_) => drop(error.print()),
        // an argument that a terminal would act on, shown as a text without colors
        Cow::Owned(plain) => drop(io::stderr().lock().write_all(plain.as_bytes())),
    }
    u8::try_from(error.exit_code()).unwrap_or(super::EXIT_USAGE)
}

/// Whether stderr may have colors: it is a terminal and `NO_COLOR` is unset.
pub fn styled_stderr() -> bool {
    colors_wanted() && io::stderr().is_terminal()
}

/// Whether stdout may have colors: it is a terminal and `NO_COLOR` is unset.
pub fn styled_stdout() -> bool {
    colors_wanted() && io::stdout().is_terminal()
}

fn colors_wanted() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
