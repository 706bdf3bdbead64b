//! Rows of a comma-separated file (RFC 4180) that a spreadsheet shows and never runs.

/// What a spreadsheet takes for the beginning of a formula, also in its full width.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// One row, with its line break.
pub fn row<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let mut line = String::new();
    for (place, cell) in cells.into_iter().enumerate() {
        if place > 0 {
            line.push(',');
        }
        line.push_str(&quoted(cell));
    }
    line.push_str("\r\n");
    line
}

fn quoted(cell: &str) -> String {
    // Spaces before it do not keep a spreadsheet from taking it for a formula.
    let is_formula = cell.trim_start_matches([' ', '\u{a0}', '\u{3000}']).starts_with(FORMULA);
    let mark = if is_formula && cell.parse::<f64>().is_err() { "'" } else { "" };
    if mark.is_empty() && !cell.contains(['"', ',', '\n', '\r', ';']) && cell.trim() == cell {
        return cell.to_owned();
    }
    format!("\"{mark}{}\"", cell.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_a_formula_is_a_text() {
        for (cell, written) in [
            ("=1+1", "\"'=1+1\""),
            ("+1 555", "\"'+1 555\""),
            ("-2+3", "\"'-2+3\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            (" =cmd|' /C calc'!A0", "\"' =cmd|' /C calc'!A0\""),
            ("\t=1", "\"'\t=1\""),
            ("＝HYPERLINK(\"x\")", "\"'＝HYPERLINK(\"\"x\"\")\""),
        ] {
            assert_eq!(row([cell]), format!("{written}\r\n"), "{cell}");
        }
    }

    #[test]
    fn plain_cells_stay_plain_and_others_are_quoted() {
        assert_eq!(row(["a", "", "7", "-1.5"]), "a,,7,-1.5\r\n");
        assert_eq!(row(["a,b", "say \"hi\"", "two\nlines"]), "\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\"\r\n");
    }
}
