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
    let length = wanted.chars().count();
    let letters = letters_of(&wanted);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        if candidate.len() > LONGEST || candidate == word {
            continue;
        }
        let other = candidate.chars().count();
        let allowed = (length.max(other) / 3).max(1);
        // A distance is dear, and a project may have thousands of names: most are too long, too short, or of other letters.
        let differing = usize::try_from((letters ^ letters_of(candidate)).count_ones()).unwrap_or(0);
        let are_plain = wanted.is_ascii() && candidate.is_ascii();
        if length.abs_diff(other) > allowed || (are_plain && differing > 2 * allowed) {
            continue;
        }
        let distance = strsim::osa_distance(&wanted, &candidate.to_lowercase());
        // A word of two letters has nothing in common with one at distance two.
        if distance <= allowed && distance < length && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate.to_string())
}

/// Which letters occur, whatever their case: each edit changes at most two of these.
fn letters_of(word: &str) -> u32 {
    word.bytes().fold(0, |letters, byte| letters | 1 << (byte.to_ascii_lowercase() % 32))
}
