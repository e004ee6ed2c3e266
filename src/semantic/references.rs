//! Which other files a source file names, so that the shell can read them before the checker runs.

use crate::base::Span;
use crate::syntax::ast;

/// For what a file is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferenceKind {
    /// `use "…"`
    Source,
    /// `body file "…"`, `text file "…"`
    Template,
    /// `attach file "…"`
    Attachment,
    /// `holidays file "…"`
    Holidays,
}

/// A file that a source file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// For what.
    pub kind: ReferenceKind,
    /// As written: relative to the file that names it ([`super::join_path`]).
    pub path: String,
    /// Where it is named.
    pub span: Span,
}

/// Every file that `file` names, in source order.
#[must_use]
pub fn references(file: &ast::File) -> Vec<Reference> {
    let mut found = Found(Vec::new());
    for decl in &file.decls {
        found.decl(decl);
    }
    found.0
}

struct Found(Vec<Reference>);

impl Found {
    fn add(&mut self, kind: ReferenceKind, path: &ast::Text) {
        self.0.push(Reference { kind, path: path.value.to_string(), span: path.span });
    }
    fn decl(&mut self, decl: &ast::Decl) {
        match decl {
            ast::Decl::Use(used) => self.add(ReferenceKind::Source, &used.path),
            ast::Decl::Project(project) => {
                for item in &project.items {
                    if let ast::ProjectItemKind::Holidays(path) = &item.kind {
                        self.add(ReferenceKind::Holidays, path);
                    }
                }
            }
            ast::Decl::Message(message) => {
                if let ast::MessageContent::Attrs(attrs) = &message.content {
                    self.attrs(attrs);
                }
            }
            ast::Decl::Campaign(campaign) => self.items(&campaign.items),
            ast::Decl::Sequence(sequence) => self.items(&sequence.body.items),
            ast::Decl::Contact(_)
            | ast::Decl::Event(_)
            | ast::Decl::Form(_)
            | ast::Decl::Segment(_)
            | ast::Decl::List(_)
            | ast::Decl::Topic(_)
            | ast::Decl::Webhook(_)
            | ast::Decl::Points(_)
            | ast::Decl::Policy(_)
            | ast::Decl::Test(_)
            | ast::Decl::Error(_) => {}
        }
    }
    fn attrs(&mut self, attrs: &[ast::MessageAttr]) {
        for attr in attrs {
            match &attr.kind {
                ast::MessageAttrKind::Body(ast::TextSource::File(path)) | ast::MessageAttrKind::Text(ast::TextSource::File(path)) => {
                    self.add(ReferenceKind::Template, path);
                }
                ast::MessageAttrKind::Attach(path) => self.add(ReferenceKind::Attachment, path),
                ast::MessageAttrKind::Locale { attrs, .. } => self.attrs(attrs),
                _ => {}
            }
        }
    }
    fn items(&mut self, items: &[ast::Item]) {
        for item in items {
            if let ast::Item::Step(step) = item {
                self.step(step);
            }
        }
    }
    fn step(&mut self, step: &ast::Step) {
        if let ast::StepKind::Send(ast::Send { content: ast::SendContent::Attrs(attrs), .. }) = &step.kind {
            self.attrs(attrs);
        }
        for inner in super::walk::inner_steps(step) {
            self.step(inner);
        }
    }
}
