//! What moved at a level, as a count sees it, at a point of a decision in the making.

use std::borrow::Cow;

use super::{Draft, Undoes};
use crate::id::{LocationId, Sku};
use crate::record::{Basis, Bucket, Change, Effect};
use crate::state::{LocIx, Movement, SkuIx};

/// A level by its names, and what moved there.
type MovedAt<'a> = ((&'a Sku, &'a LocationId), Movement);

impl<'a> Draft<'a> {
    /// The movements of a level, with those of the parts that are finished.
    pub(crate) fn movements(&self, sku: SkuIx, location: LocIx) -> Cow<'a, [Movement]> {
        self.movements_with(sku, location, &self.effects)
    }

    /// The movements of a level, with those of these `effects` of the decision.
    pub(crate) fn movements_with(
        &self,
        sku: SkuIx,
        location: LocIx,
        effects: &[Effect],
    ) -> Cow<'a, [Movement]> {
        let known = Cow::Borrowed(self.state.movements(sku, location));
        let here = (self.sku_name(sku), self.state.catalogue.location_name(location));
        let own = self.moved(effects).filter(|(level, _)| *level == here);
        let own: Vec<Movement> = own.map(|(_, movement)| movement).collect();
        if own.is_empty() { known } else { Cow::Owned([&known[..], &own[..]].concat()) }
    }

    /// What the decision has moved by these effects, and what it has taken back of movements that a
    /// count contains.
    pub(crate) fn moved<'b>(
        &'b self,
        effects: &'b [Effect],
    ) -> impl Iterator<Item = MovedAt<'b>> + 'b {
        let is_count = self.changes.iter().any(|change| matches!(change, Change::Counted(_)));
        let effects = effects.iter().filter(|effect| effect.state == Bucket::OnHand);
        let moved = effects.filter_map(move |effect| {
            let fact = match &effect.basis {
                Some(Basis::Count(_)) => return None,
                Some(Basis::Movement(fact)) => fact,
                None if is_count => return None,
                None => &self.fact,
            };
            let (source, delta) = (fact.source.clone(), effect.delta);
            let movement =
                Movement { time: fact.time, seq: self.seq, source, delta, is_counter: false };
            Some(((&effect.sku, &effect.location), movement))
        });
        let countered = self.changes.iter().filter_map(|change| {
            let Change::Absorbed { sku, location, delta, fact, .. } = change else { return None };
            // A reversal need not say whose movement it takes back.
            let own = (self.undoes == Undoes::Event).then_some(&self.fact);
            let fact = fact.as_ref().or(own)?;
            let (source, delta) = (fact.source.clone(), *delta);
            let movement =
                Movement { time: fact.time, seq: self.seq, source, delta, is_counter: true };
            Some(((sku, location), movement))
        });
        moved.chain(countered)
    }
}
