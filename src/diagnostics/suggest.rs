//! "Did you mean": the candidate nearest to a word that is not known.

/// The candidate that `word` was most likely meant to be, if one is near enough; of equally near ones the first.
///
/// Near enough is a third of the longer word's letters, swaps of neighbours counting once; case does not count.
#[must_use]
pub fn suggest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    // Edit distance is quadratic: what is longer than any sensible name has no near candidate.
    const LONGEST: usize = 200;
    if word.is_empty() || word.len() > LONGEST {
        return None;
    }
    let wanted = word.to_lowercase();
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        if candidate.len() > LONGEST || candidate == word {
            continue;
        }
        let distance = strsim::osa_distance(&wanted, &candidate.to_lowercase());
        let allowed = (wanted.chars().count().max(candidate.chars().count()) / 3).max(1);
        // A word of two letters has nothing in common with one at distance two.
        if distance <= allowed && distance < wanted.chars().count() && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate.to_string())
}
