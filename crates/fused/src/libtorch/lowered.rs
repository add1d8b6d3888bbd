//! A block in training on CUDA in bfloat16: all its matrices and biases come to 16 bits by one call and their gradients
//! back to 32 by another, and queries, keys and values are one product. Elsewhere each would be a call, and the processor
//! cannot ask for so many as fast as the device does them.

use tch::{Kind, Tensor as Tch};

use super::block::{behind_projections, first_rows};
use super::recorded::record_with;
use super::{Tracked, shim};
use crate::{BlockOptions, Layout, Precision};

/// Leaves beside the projections: the block's input and the last ten of the 17 inputs.
const OTHERS: usize = 11;

/// Whether a block on `x` is computed so.
pub(super) fn serves(x: &Tch, options: BlockOptions) -> bool {
    x.device().is_cuda() && options.precision == Precision::Bf16
}

/// One block as one operation of burn's autodiff.
pub(super) fn record(inputs: [Tracked; 17], layout: &Layout, options: BlockOptions) -> Tracked {
    let leaves = |inputs: &[Tch]| lowered(inputs, options.first_only);
    record_with(inputs, leaves, |leaves| forward(leaves, layout, options), widened)
}

/// What the block reads of its 17 inputs: weight and bias of queries, keys and values are those of one layer, or with
/// `first_only`, where queries read fewer rows, of two.
fn lowered(inputs: &[Tch], first_only: bool) -> Vec<Tch> {
    let [hidden, qw, qb, kw, kb, vw, vb, aw, ab, ag, ae, iw, ib, ow, ob, og, oe] = inputs else {
        unreachable!("a block has 17 inputs")
    };
    let h = qb.size()[0];
    let low = |shape: &[i64]| Tch::empty(shape, (Kind::BFloat16, hidden.device()));
    let (w, b) = (low(&[3 * h, h]), low(&[3 * h]));
    let mut to: Vec<Tch> = (0..3).flat_map(|third| [&w, &b].map(|all| all.narrow(0, third * h, h))).collect();
    to.extend([aw, ab, iw, ib, ow, ob].map(|x| low(&x.size())));
    shim::copy_all(&[qw, qb, kw, kb, vw, vb, aw, ab, iw, ib, ow, ob], &to);
    let parts: &[(i64, i64)] = if first_only { &[(0, 1), (1, 2)] } else { &[(0, 3)] };
    let projections = parts.iter().flat_map(|(from, thirds)| [&w, &b].map(|all| all.narrow(0, from * h, thirds * h)));
    let mut others = to.split_off(6).into_iter();
    let mut next = || others.next().unwrap_or_default();
    let [aw, ab, iw, ib, ow, ob] = [next(), next(), next(), next(), next(), next()];
    let [hidden, ag, ae, og, oe] = [hidden, ag, ae, og, oe].map(Tch::shallow_clone);
    let behind = [aw, ab, ag, ae, iw, ib, ow, ob, og, oe];
    std::iter::once(hidden).chain(projections).chain(behind).map(|leaf| leaf.detach()).collect()
}

fn forward(leaves: &[Tch], layout: &Layout, options: BlockOptions) -> Tch {
    let (h, x) = (leaves[0].size()[1], leaves[0].to_kind(Kind::BFloat16));
    match leaves {
        [hidden, qw, qb, w, b, behind @ ..] if options.first_only => {
            let first = first_rows(hidden, layout);
            let q = first.to_kind(Kind::BFloat16).linear(qw, Some(qb));
            let mut kv = x.linear(w, Some(b)).split(h, 1).into_iter();
            let [k, v] = [kv.next(), kv.next()].map(Option::unwrap_or_default);
            behind_projections([q, k, v], &first, behind, layout, options)
        }
        [hidden, w, b, behind @ ..] => {
            let mut qkv = x.linear(w, Some(b)).split(h, 1).into_iter();
            let qkv = [qkv.next(), qkv.next(), qkv.next()].map(Option::unwrap_or_default);
            behind_projections(qkv, hidden, behind, layout, options)
        }
        _ => unreachable!("`lowered` makes 13 or 15"),
    }
}

/// The gradients of the 17 inputs from those of the leaves.
fn widened(found: Vec<Tch>) -> Vec<Tch> {
    let parts = found.len() - OTHERS; // a weight and a bias each
    let (h, behind) = (found[0].size()[1], &found[1 + parts..]);
    let [aw, ab, ag, ae, iw, ib, ow, ob, og, oe] = behind else { unreachable!("`lowered` makes ten behind the parts") };
    let wide = |shape: &[i64]| Tch::empty(shape, (Kind::Float, found[0].device()));
    let (w, b) = (wide(&[3 * h, h]), wide(&[3 * h]));
    let (mut from, mut to, mut row) = (Vec::new(), Vec::new(), 0);
    for part in found[1..1 + parts].chunks(2) {
        let rows = part[0].size()[0];
        from.extend(part);
        to.extend([&w, &b].map(|all| all.narrow(0, row, rows)));
        row += rows;
    }
    let low = [aw, ab, iw, ib, ow, ob];
    from.extend(low);
    to.extend(low.map(|x| wide(&x.size())));
    shim::copy_all(&from, &to);
    let mut widened = to.split_off(parts).into_iter();
    let mut next = || widened.next().unwrap_or_default();
    let [aw, ab, iw, ib, ow, ob] = [next(), next(), next(), next(), next(), next()];
    let [hidden, ag, ae, og, oe] = [&found[0], ag, ae, og, oe].map(Tch::shallow_clone);
    let thirds = (0..3).flat_map(|third| [&w, &b].map(|all| all.narrow(0, third * h, h)));
    std::iter::once(hidden).chain(thirds).chain([aw, ab, ag, ae, iw, ib, ow, ob, og, oe]).collect()
}
