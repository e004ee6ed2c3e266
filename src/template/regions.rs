//! Template regions (`{{ … }}`, `{% … %}`, `{# … #}`) of a body: found, replaced by placeholders, and put back.
//!
//! A body is HTML, MJML or Markdown with regions in it; the tools for those know nothing of templates. So every region
//! becomes a short word that all of them carry through unchanged. Not here: what stands inside a region.

use std::ops::Range;

/// What a region does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RegionKind {
    /// `{{ … }}`: prints something.
    Output,
    /// `{% … %}`: steers; prints nothing itself.
    Statement,
    /// `{# … #}`: a remark for authors; it is not sent.
    Remark,
}

/// A region of a source text.
#[derive(Clone, Debug)]
pub(super) struct Region {
    pub kind: RegionKind,
    /// Bytes of the source, delimiters included.
    pub range: Range<usize>,
}

/// All regions of `source` in order; `Err` is the place of one that is not closed.
pub(super) fn find_regions(source: &str) -> Result<Vec<Region>, Range<usize>> {
    let mut regions = Vec::new();
    let mut at = 0;
    while let Some(start) = next_opening(source, at) {
        let (kind, close) = match source.as_bytes().get(start + 1) {
            Some(b'{') => (RegionKind::Output, "}}"),
            Some(b'%') => (RegionKind::Statement, "%}"),
            Some(_) | None => (RegionKind::Remark, "#}"),
        };
        let mut end = closing(source, start + 2, close, kind).ok_or(start..source.len())?;
        let inner = source.get(start + 2..end - 2).unwrap_or("").trim_matches(['-', '+', ' ', '\t', '\n', '\r']);
        if kind == RegionKind::Statement && inner == "raw" {
            end = raw_end(source, end).ok_or(start..end)?;
        }
        regions.push(Region { kind, range: start..end });
        at = end;
    }
    Ok(regions)
}

fn next_opening(source: &str, from: usize) -> Option<usize> {
    let bytes = source.as_bytes();
    let mut at = from;
    while let Some(found) = source.get(at..)?.find('{') {
        let start = at + found;
        if matches!(bytes.get(start + 1), Some(b'{' | b'%' | b'#')) {
            return Some(start);
        }
        at = start + 1;
    }
    None
}

/// One past the closing delimiter; texts in quotes may hold it.
fn closing(source: &str, from: usize, close: &str, kind: RegionKind) -> Option<usize> {
    let mut quote: Option<char> = None;
    let mut escaped = false;
    for (offset, c) in source.get(from..)?.char_indices() {
        let at = from + offset;
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) => {
                if c == open {
                    quote = None;
                }
            }
            None if kind != RegionKind::Remark && (c == '"' || c == '\'') => quote = Some(c),
            None => {
                if source.get(at..)?.starts_with(close) {
                    return Some(at + close.len());
                }
            }
        }
    }
    None
}

fn raw_end(source: &str, from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(found) = source.get(at..)?.find("{%") {
        let start = at + found;
        let end = start + source.get(start..)?.find("%}")? + 2;
        if source.get(start + 2..end - 2)?.trim_matches(['-', '+', ' ', '\t', '\n', '\r']) == "endraw" {
            return Some(end);
        }
        at = start + 2;
    }
    None
}

/// A source whose regions are placeholders.
pub(super) struct Protected<'a> {
    source: &'a str,
    regions: Vec<Region>,
    prefix: String,
    /// The source with placeholders in place of regions.
    pub text: String,
    /// Where each placeholder stands in `text`, with the region's number.
    places: Vec<(Range<usize>, usize)>,
}

impl<'a> Protected<'a> {
    /// Replaces every region of `source`; remarks become nothing. `Err` is the place of a region that is not closed.
    pub fn new(source: &'a str) -> Result<Self, Range<usize>> {
        let regions = find_regions(source)?;
        let mut prefix = String::from("campv");
        while source.contains(&prefix) {
            prefix.push('q');
        }
        let mut protected = Self { source, regions, prefix, text: String::with_capacity(source.len()), places: Vec::new() };
        protected.fill();
        Ok(protected)
    }

    fn fill(&mut self) {
        let mut at = 0;
        for (number, region) in self.regions.iter().enumerate() {
            self.text.push_str(self.source.get(at..region.range.start).unwrap_or(""));
            let start = self.text.len();
            if region.kind != RegionKind::Remark {
                self.text.push_str(&format!("{}{number:05}z", self.prefix));
            }
            self.places.push((start..self.text.len(), number));
            at = region.range.end;
        }
        self.text.push_str(self.source.get(at..).unwrap_or(""));
    }

    /// The place in the source of a place in `text`.
    pub fn source_range(&self, range: Range<usize>) -> Range<usize> {
        let start = self.source_offset(range.start);
        start..self.source_offset(range.end).max(start)
    }

    fn source_offset(&self, offset: usize) -> usize {
        let mut delta_from = (0, 0);
        for (place, number) in &self.places {
            if offset < place.start {
                break;
            }
            let Some(region) = self.regions.get(*number) else { break };
            if offset < place.end {
                return region.range.start;
            }
            delta_from = (place.end, region.range.end);
        }
        (offset - delta_from.0 + delta_from.1).min(self.source.len())
    }

    /// The placeholders of `text` in order: where, and what their region is.
    pub fn placeholders(&self, text: &str) -> Vec<(Range<usize>, RegionKind)> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(offset) = text.get(at..).and_then(|rest| rest.find(&self.prefix)) {
            let start = at + offset;
            match self.read(text, start) {
                Some((end, region)) => {
                    found.push((start..end, region.kind));
                    at = end;
                }
                None => at = start + self.prefix.len(),
            }
        }
        found
    }

    fn read(&self, text: &str, start: usize) -> Option<(usize, &Region)> {
        let digits = start + self.prefix.len();
        let length = text.get(digits..)?.find('z')?;
        let number = text.get(digits..digits + length)?.parse::<usize>().ok()?;
        Some((digits + length + 1, self.regions.get(number)?))
    }

    /// The text of the region whose placeholder stands at that place of `text`.
    pub fn region_text(&self, text: &str, place: &Range<usize>) -> &'a str {
        self.read(text, place.start).and_then(|(_, region)| self.source.get(region.range.clone())).unwrap_or("")
    }

    /// Puts the regions back.
    pub fn restore(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + 64);
        let mut at = 0;
        for (place, _) in self.placeholders(text) {
            out.push_str(text.get(at..place.start).unwrap_or(""));
            out.push_str(self.region_text(text, &place));
            at = place.end;
        }
        out.push_str(text.get(at..).unwrap_or(""));
        out
    }
}
