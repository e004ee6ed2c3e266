//! `campc graph`: the canvas of each campaign, as a picture, a page, or data.

use crate::cli::context::{Context, print};
use crate::cli::failure::{Exit, Failure, Outcome};
use crate::cli::project::{Project, analyze_project, require_project_file, source_failure};
use crate::cli::replace::replace_file;
use crate::diagnostics::suggest;
use crate::graph::{Canvas, canvases, dot, html, json, mermaid, svg};
use std::path::{Path, PathBuf};

/// Draws the canvas of each campaign: green where a condition holds, red where it does not.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  campc graph -o campaigns.html\n  campc graph --campaign \"Hot lead follow-up\" > canvas.svg\n  campc graph main.camp --format mermaid\n  campc graph --format dot | dot -Tpdf -o campaigns.pdf\n  campc graph --format json\n\nWithout --format the end of FILE's name decides, else it is svg. Exit codes: 0 drawn; 2 where the source has errors, or something is not there."
)]
pub struct Graph {
    /// A .camp file or a directory; the project's directory by default
    pub path: Option<PathBuf>,
    /// Only this campaign
    #[arg(long, value_name = "NAME")]
    pub campaign: Option<String>,
    /// What to make
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<GraphFormat>,
    /// The file to write, in place of stdout
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// The formats of a canvas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum GraphFormat {
    /// A picture, light and dark.
    Svg,
    /// A page with all campaigns.
    Html,
    /// A Mermaid flowchart.
    Mermaid,
    /// A Graphviz graph.
    Dot,
    /// Nodes and edges.
    Json,
}

impl Graph {
    /// Draws.
    ///
    /// # Errors
    /// Where the source has errors, there is no such campaign, or the file cannot be written.
    pub fn run(&self, context: &Context) -> Outcome {
        let project = Project::find(context, self.path.as_deref())?;
        require_project_file(&project, context)?;
        let analysis = analyze_project(&project, None)?;
        let errors = analysis.errors();
        if !errors.is_empty() {
            return Err(Failure { exit: Exit::Usage, ..source_failure(&project, context, (&analysis, &errors)) });
        }
        let canvases = self.wanted(canvases(&analysis), &project)?;
        let text = match self.format.or_else(|| self.output.as_deref().and_then(by_name)).unwrap_or(GraphFormat::Svg) {
            GraphFormat::Svg => svg(&canvases),
            GraphFormat::Html => html(&title(&analysis.project.info.name, &project), &canvases),
            GraphFormat::Mermaid => mermaid(&canvases),
            GraphFormat::Dot => dot(&canvases),
            GraphFormat::Json => json(&canvases),
        };
        match &self.output {
            Some(path) => replace_file(&context.here.join(path), text.as_bytes())?,
            None => print(&text),
        }
        Ok(Exit::Done)
    }

    /// The campaigns that are meant: the one that is named, or those of the files that are.
    fn wanted(&self, mut all: Vec<Canvas>, project: &Project) -> Result<Vec<Canvas>, Failure> {
        if let Some(name) = &self.campaign {
            let names: Vec<String> = all.iter().map(|canvas| canvas.name.clone()).collect();
            all.retain(|canvas| canvas.name == *name);
            if all.is_empty() {
                let near = suggest(name, names.iter().map(String::as_str)).map_or_else(String::new, |near| format!("; did you mean {near:?}?"));
                return Err(Failure::usage(format!("there is no campaign {name:?}{near}")));
            }
            return Ok(all);
        }
        all.retain(|canvas| project.scope.includes(&canvas.place.path));
        if all.is_empty() {
            return Err(Failure::usage("there is no campaign to draw"));
        }
        Ok(all)
    }
}

/// The format that a file's name ends in.
fn by_name(path: &Path) -> Option<GraphFormat> {
    match path.extension()?.to_str()? {
        "svg" => Some(GraphFormat::Svg),
        "html" | "htm" => Some(GraphFormat::Html),
        "mmd" | "mermaid" => Some(GraphFormat::Mermaid),
        "dot" | "gv" => Some(GraphFormat::Dot),
        "json" => Some(GraphFormat::Json),
        _ => None,
    }
}

fn title(name: &str, project: &Project) -> String {
    if !name.is_empty() {
        return name.to_string();
    }
    project.root.file_name().map_or_else(|| "Campaigns".to_string(), |name| name.to_string_lossy().into_owned())
}
