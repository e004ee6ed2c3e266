//! `campc new DIR`: a project that checks, tests and runs at once.

mod recipes;

use crate::cli::context::{Context, print};
use crate::cli::failure::{Exit, Failure, Outcome};
use crate::diagnostics::suggest;
use recipes::{COMMON, RECIPES, Recipe};
use std::path::{Path, PathBuf};

/// Makes a project that checks, tests and runs at once, with no account anywhere.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  campc new acme\n  campc new acme --recipe hot-leads\n  campc new --recipe list")]
pub struct New {
    /// The folder to make; it must not exist or be empty
    #[arg(required_unless_present = "recipe")]
    pub dir: Option<PathBuf>,
    /// What to begin with; `list` shows the recipes
    #[arg(long, value_name = "NAME", default_missing_value = "welcome")]
    pub recipe: Option<String>,
}

impl New {
    /// Makes the project.
    ///
    /// # Errors
    /// Where the folder is not empty or cannot be written, or there is no such recipe.
    pub fn run(&self, context: &Context) -> Outcome {
        let wanted = self.recipe.as_deref().unwrap_or("welcome");
        if wanted == "list" {
            print(&list());
            return Ok(Exit::Done);
        }
        let recipe = RECIPES.iter().find(|recipe| recipe.name == wanted).ok_or_else(|| unknown(wanted))?;
        let Some(dir) = &self.dir else {
            return Err(Failure::usage(format!("which folder? `campc new DIR --recipe {wanted}`")));
        };
        let root = context.here.join(dir);
        refuse_occupied(&root, dir)?;
        let files = COMMON.iter().chain(recipe.files);
        for (path, text) in files {
            write(&root.join(path), text)?;
        }
        print(&next_steps(dir, recipe));
        Ok(Exit::Done)
    }
}

fn list() -> String {
    let width = RECIPES.iter().map(|recipe| recipe.name.len()).max().unwrap_or(0);
    RECIPES.iter().map(|recipe| format!("{:width$}  {}\n", recipe.name, recipe.about)).collect()
}

fn unknown(wanted: &str) -> Failure {
    let hint = match suggest(wanted, RECIPES.iter().map(|recipe| recipe.name)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`campc new --recipe list` shows them".to_string(),
    };
    Failure::usage(format!("there is no recipe `{wanted}`; {hint}"))
}

fn refuse_occupied(root: &Path, shown: &Path) -> Result<(), Failure> {
    match std::fs::read_dir(root) {
        Ok(mut entries) => match entries.next() {
            Some(_) => Err(Failure::usage(format!("{} is not empty; give a folder that does not exist yet", shown.display()))),
            None => Ok(()),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Failure::io("cannot use", shown, &error)),
    }
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(|error| Failure::io("cannot make the folder", folder, &error))?;
    std::fs::write(path, text).map_err(|error| Failure::io("cannot write", path, &error))
}

fn next_steps(dir: &Path, recipe: &Recipe) -> String {
    let dir = dir.display();
    format!(
        "{dir}: {about}\n\nNext:\n  cd {dir}\n  campc check    # all findings\n  campc test     # the test blocks, on a virtual clock\n  campc run      # the daemon; mail goes to {dir}/outbox\n",
        about = recipe.about
    )
}
