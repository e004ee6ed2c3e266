//! One table of declared names.

use crate::base::Span;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// A declaration by its name.
#[derive(Clone, Debug)]
pub(crate) struct Declared<'a, T> {
    /// The declaration.
    pub decl: &'a T,
    /// Its name.
    pub name: Arc<str>,
    /// Where the name stands.
    pub span: Span,
}

/// Declarations in source order, by name.
#[derive(Clone, Debug)]
pub(crate) struct Table<'a, T> {
    items: Vec<Declared<'a, T>>,
    index: FxHashMap<Arc<str>, usize>,
}

impl<T> Default for Table<'_, T> {
    fn default() -> Self {
        Table { items: Vec::new(), index: FxHashMap::default() }
    }
}

impl<'a, T> Table<'a, T> {
    /// Takes a declaration in; `Err` holds the place of the name that was there before.
    pub(crate) fn add(&mut self, decl: &'a T, name: &Arc<str>, span: Span) -> Result<(), Span> {
        if let Some(first) = self.find(name).and_then(|at| self.items.get(at)) {
            return Err(first.span);
        }
        self.index.insert(name.clone(), self.items.len());
        self.items.push(Declared { decl, name: name.clone(), span });
        Ok(())
    }
    /// The position of a name.
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        self.index.get(name).copied()
    }
    /// The declaration at a position.
    pub(crate) fn get(&self, index: usize) -> Option<&Declared<'a, T>> {
        self.items.get(index)
    }
    /// All of them, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Declared<'a, T>> {
        self.items.iter()
    }
    /// The names, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.items.iter().map(|item| item.name.as_ref())
    }
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }
    /// Puts them into another order: `order` holds every old position once.
    pub(crate) fn reorder(&mut self, order: &[usize]) {
        let old = std::mem::take(&mut self.items);
        self.items = order.iter().filter_map(|at| old.get(*at)).map(|d| Declared { decl: d.decl, name: d.name.clone(), span: d.span }).collect();
        self.index = self.items.iter().enumerate().map(|(at, item)| (item.name.clone(), at)).collect();
    }
}
