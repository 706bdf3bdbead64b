//! An invoice as a PDF of one page: text only, in a font that every reader has.

use std::fmt::Write as _;

/// A page with these lines of text; the first is the title.
pub(crate) fn page(lines: &[String]) -> Vec<u8> {
    let mut text = String::from("BT /F1 18 Tf 56 780 Td 24 TL\n");
    for (number, line) in lines.iter().take(48).enumerate() {
        if number == 1 {
            text.push_str("/F1 10 Tf 14 TL\n");
        }
        let _infallible = writeln!(text, "({}) Tj T*", escaped(line));
    }
    text.push_str("ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{text}\nendstream", text.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
    ];
    let mut file = String::from("%PDF-1.4\n");
    let mut places = Vec::new();
    for (number, object) in objects.iter().enumerate() {
        places.push(file.len());
        let _infallible = write!(file, "{} 0 obj\n{object}\nendobj\n", number + 1);
    }
    let table = file.len();
    let _infallible = write!(file, "xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for place in places {
        let _infallible = writeln!(file, "{place:010} 00000 n ");
    }
    let _infallible =
        write!(file, "trailer << /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n", objects.len() + 1);
    file.into_bytes()
}

/// What the font cannot show is a question mark.
fn escaped(line: &str) -> String {
    line.replace('×', "x")
        .chars()
        .flat_map(|letter| match letter {
            '(' | ')' | '\\' => vec!['\\', letter],
            ' '..='~' => vec![letter],
            _ => vec!['?'],
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_where_every_object_begins() {
        let file = String::from_utf8(page(&["Invoice (1)".into(), "2 × 座席".into()])).unwrap();
        assert!(file.contains("(Invoice \\(1\\)) Tj") && file.contains("(2 x ??) Tj"));
        let table: usize = file.split("startxref\n").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
        assert!(file[table..].starts_with("xref"));
        for (number, line) in file[table..].lines().skip(3).take(5).enumerate() {
            let place: usize = line[..10].parse().unwrap();
            assert!(file[place..].starts_with(&format!("{} 0 obj", number + 1)));
        }
    }
}
