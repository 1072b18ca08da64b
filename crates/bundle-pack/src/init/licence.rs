//! The SPDX identifier of a licence text, by its first words and its telling phrases.

/// Characters of a text that name a licence; GPL texts name each other further down.
const HEAD: usize = 600;

/// Phrases of the head, most specific first.
const HEADS: [(&[&str], &str); 17] = [
    (&["apache license", "version 2.0"], "Apache-2.0"),
    (&["gnu affero general public license", "version 3"], "AGPL-3.0-only"),
    (&["gnu lesser general public license", "version 3"], "LGPL-3.0-only"),
    (&["gnu lesser general public license", "version 2.1"], "LGPL-2.1-only"),
    (&["gnu general public license", "version 3"], "GPL-3.0-only"),
    (&["gnu general public license", "version 2"], "GPL-2.0-only"),
    (&["mozilla public license", "version 2.0"], "MPL-2.0"),
    (&["attribution-noncommercial-sharealike 4.0"], "CC-BY-NC-SA-4.0"),
    (&["attribution-noncommercial-noderivatives 4.0"], "CC-BY-NC-ND-4.0"),
    (&["attribution-noncommercial-noderivs 4.0"], "CC-BY-NC-ND-4.0"),
    (&["attribution-noncommercial 4.0"], "CC-BY-NC-4.0"),
    (&["attribution-sharealike 4.0"], "CC-BY-SA-4.0"),
    (&["attribution 4.0 international"], "CC-BY-4.0"),
    (&["cc0 1.0 universal"], "CC0-1.0"),
    (&["this is free and unencumbered software"], "Unlicense"),
    (&["boost software license"], "BSL-1.0"),
    (&["eclipse public license", "2.0"], "EPL-2.0"),
];

/// Phrases of the whole text, most specific first.
const BODIES: [(&[&str], &str); 5] = [
    (&["permission is hereby granted, free of charge", "as is"], "MIT"),
    (&["permission to use, copy, modify, and/or distribute"], "ISC"),
    (&["permission to use, copy, modify, and distribute"], "ISC"),
    (&["redistribution and use in source and binary forms", "neither the name"], "BSD-3-Clause"),
    (&["redistribution and use in source and binary forms"], "BSD-2-Clause"),
];

/// The licence of a text, if it is one of the usual ones.
pub(super) fn spdx(text: &str) -> Option<&'static str> {
    let words: Vec<_> = text.split(|c: char| c.is_whitespace() || c == '#' || c == '*').collect();
    let words = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let body = words.to_lowercase();
    let head: String = body.chars().take(HEAD).collect();
    // The text that is named first is the one that is printed; rows break a tie.
    let find = |table: &[(&[&str], &'static str)], text: &str| {
        let here = table
            .iter()
            .filter(|(phrases, _)| phrases.iter().all(|phrase| text.contains(phrase)))
            .filter_map(|(phrases, name)| Some((text.find(phrases.first()?)?, *name)));
        here.min_by_key(|(at, _)| *at).map(|(_, name)| name)
    };
    find(&HEADS, &head).or_else(|| find(&BODIES, &body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_texts_are_known() {
        let cases = [
            (
                "                                 Apache License\n                           Version 2.0, January 2004\n",
                Some("Apache-2.0"),
            ),
            (
                "MIT License\n\nCopyright (c) 2026 A\n\nPermission is hereby granted, free of charge, to any person\n… THE SOFTWARE IS PROVIDED \"AS IS\"",
                Some("MIT"),
            ),
            (
                "# GNU GENERAL PUBLIC LICENSE\nVersion 3, 29 June 2007\n … 13. Use with the GNU Affero General Public License",
                Some("GPL-3.0-only"),
            ),
            (
                "GNU AFFERO GENERAL PUBLIC LICENSE\nVersion 3, 19 November 2007",
                Some("AGPL-3.0-only"),
            ),
            (
                "Redistribution and use in source and binary forms, with or\nwithout … Neither the name of",
                Some("BSD-3-Clause"),
            ),
            ("Redistribution and use in source and binary forms, with or", Some("BSD-2-Clause")),
            ("Attribution 4.0 International\n\n=====", Some("CC-BY-4.0")),
            ("Creative Commons Attribution-NonCommercial 4.0 International", Some("CC-BY-NC-4.0")),
            ("All rights reserved.", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(spdx(text), expected, "{text}");
        }
    }
}
