//! Tables that sort when a head is clicked.

use maud::{Markup, html};

use crate::grid::Column;

/// A table that scrolls in its own width, so that the page does not.
pub(crate) fn sortable<T>(caption: &str, columns: &[Column<T>], rows: &[T]) -> Markup {
    html! {
        div.wide tabindex="0" role="region" aria-label=(caption) {
            table.sortable {
                caption { (caption) }
                thead { tr {
                    @for (name, is_number, _) in columns {
                        th scope="col" class=[is_number.then_some("number")] { button type="button" { (name) } }
                    }
                } }
                tbody {
                    @for row in rows {
                        tr { @for (_, is_number, cell) in columns { td class=[is_number.then_some("number")] { (cell(row)) } } }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_markup_stays_text() {
        let columns: [Column<&str>; 1] = [("<b>", false, |text| (*text).to_owned())];
        let table = sortable("a & b", &columns, &["<script>alert(1)</script>"]).into_string();
        assert!(table.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && table.contains("&lt;b&gt;"), "{table}");
        assert!(!table.contains("<script>") && table.contains("a &amp; b"));
    }
}
