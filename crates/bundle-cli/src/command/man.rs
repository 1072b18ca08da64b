//! `bundle man`: man pages from the argument tree.

use clap::CommandFactory as _;
use clap_mangen::Man as Page;

use crate::{
    args::{Arguments, Man},
    exit::Exit,
    failure::Failure,
    terminal::Terminal,
};

pub(crate) fn run(args: &Man, terminal: &mut Terminal) -> Result<Exit, Failure> {
    if let Some(directory) = &args.output {
        fs_err::create_dir_all(directory)?;
        clap_mangen::generate_to(Arguments::command(), directory)?;
        terminal.print(&format!("wrote man pages to {}", directory.display()))?;
    } else {
        let mut page = Vec::new();
        Page::new(Arguments::command()).render(&mut page)?;
        terminal.print(&String::from_utf8_lossy(&page))?;
    }
    Ok(Exit::Holds)
}
