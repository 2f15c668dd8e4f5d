//! Statements while they are being typed.

use sqlparser::tokenizer::{Token, Tokenizer};

use super::dialect::EventDialect;

/// Whether a text ends where a statement does: behind a semicolon that is no part of a string or a comment. A text that
/// holds nothing is complete, too.
pub fn is_complete(text: &str) -> bool {
    match Tokenizer::new(&EventDialect, text).tokenize() {
        Ok(tokens) => {
            let last = tokens.iter().rev().find(|token| !matches!(token, Token::Whitespace(_)));
            last.is_none_or(|token| *token == Token::SemiColon)
        }
        // Whatever else is wrong with it, more text does not mend.
        Err(error) => {
            let open = ["Unterminated", "Unexpected EOF", "Expected close delimiter"];
            !open.iter().any(|start| error.message.starts_with(start))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_complete;

    #[test]
    fn statements_end_with_a_semicolon() {
        for text in ["", " \n", "SELECT 1;", "SELECT 1; -- done", "SELECT ';' /* ; */ ;\n", "-- nothing"] {
            assert!(is_complete(text), "{text}");
        }
        for text in
            ["SELECT 1", "SELECT ';", "SELECT 1 -- ;", "SELECT 1 /* ;", "SELECT \"a;", "SELECT 1; SELECT 2"]
        {
            assert!(!is_complete(text), "{text}");
        }
    }
}
