//! The SQL that is understood: DataFusion's usual dialect, but for the strength of the JSON operators, and some of Trino's syntax.
//!
//! In the usual dialect `payload->>'key' = 'value'` means `payload->>('key' = 'value')`, which nobody means. Here, as
//! in PostgreSQL and DuckDB, `->` and `->>` bind tighter than comparisons.

use std::any::TypeId;

use sqlparser::ast::{
    DataType, Expr, LambdaFunction, LambdaFunctionParameter, LambdaSyntax, OneOrManyWithParens, Value,
};
use sqlparser::dialect::{Dialect, GenericDialect, Precedence};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

use super::trino;

/// DataFusion's usual dialect with JSON operators that bind tightly.
#[derive(Debug)]
pub(super) struct EventDialect;

const USUAL: GenericDialect = GenericDialect {};

/// Answers of the usual dialect, by question.
macro_rules! as_usual {
    ($($question:ident),* $(,)?) => {
        $(fn $question(&self) -> bool { USUAL.$question() })*
    };
}

impl Dialect for EventDialect {
    /// The parser asks some questions by type.
    fn dialect(&self) -> TypeId {
        TypeId::of::<GenericDialect>()
    }

    fn get_next_precedence(&self, parser: &Parser<'_>) -> Option<Result<u8, ParserError>> {
        match parser.peek_token_ref().token {
            Token::Arrow | Token::LongArrow => Some(Ok(self.prec_value(Precedence::DoubleColon))),
            _ => None,
        }
    }

    /// Looks ahead before it reads anything: to read and go back would double the work with every level of nesting.
    fn parse_prefix(&self, parser: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
        let Token::Word(word) = &parser.peek_token_ref().token else { return None };
        let is = |name: &str| word.quote_style.is_none() && word.value.eq_ignore_ascii_case(name);
        let lambda = LAMBDAS.iter().find(|(name, _)| is(name));
        if is("IPADDRESS") && matches!(parser.peek_nth_token_ref(1).token, Token::SingleQuotedString(_)) {
            parser.next_token();
            return Some(parser.parse_literal_string().map(|address| {
                let text = Value::SingleQuotedString(address);
                trino::call("ip_number", vec![Expr::Value(text.into())])
            }));
        }
        if (is("CAST") || is("TRY_CAST")) && inside(parser, is_array_type) {
            parser.next_token();
            return Some(cast_to_array(parser));
        }
        if let Some((_, function)) = lambda
            && inside(parser, is_lambda)
        {
            parser.next_token();
            return Some(with_lambda(parser, function));
        }
        None
    }

    /// `a IS DISTINCT FROM b AND c` asks two things; the parser would compare `a` with both.
    fn parse_infix(&self, parser: &mut Parser<'_>, left: &Expr, _: u8) -> Option<Result<Expr, ParserError>> {
        let keyword = |ahead: usize, keyword: Keyword| matches!(&parser.peek_nth_token_ref(ahead).token, Token::Word(word) if word.keyword == keyword);
        if !keyword(0, Keyword::IS) {
            return None;
        }
        let negated = keyword(1, Keyword::NOT);
        let first = if negated { 2 } else { 1 };
        if !(keyword(first, Keyword::DISTINCT) && keyword(first + 1, Keyword::FROM)) {
            return None;
        }
        (0..first + 2).for_each(|_| drop(parser.next_token()));
        let right = parser.parse_subexpr(self.prec_value(Precedence::Is));
        let left = Box::new(left.clone());
        Some(right.map(|right| match negated {
            true => Expr::IsNotDistinctFrom(left, Box::new(right)),
            false => Expr::IsDistinctFrom(left, Box::new(right)),
        }))
    }

    fn is_delimited_identifier_start(&self, character: char) -> bool {
        USUAL.is_delimited_identifier_start(character)
    }

    fn is_identifier_start(&self, character: char) -> bool {
        USUAL.is_identifier_start(character)
    }

    fn is_identifier_part(&self, character: char) -> bool {
        USUAL.is_identifier_part(character)
    }

    as_usual!(
        supports_unicode_string_literal,
        supports_partition_by_after_order_by,
        supports_array_join_syntax,
        supports_group_by_expr,
        supports_group_by_with_modifier,
        supports_left_associative_joins_without_parens,
        supports_connect_by,
        supports_match_recognize,
        supports_pipe_operator,
        supports_start_transaction_modifier,
        supports_window_function_null_treatment_arg,
        supports_dictionary_syntax,
        supports_window_clause_named_window_reference,
        supports_parenthesized_set_variables,
        supports_select_wildcard_except,
        support_map_literal_syntax,
        allow_extract_custom,
        allow_extract_single_quotes,
        supports_extract_comma_syntax,
        supports_create_view_comment_syntax,
        supports_parens_around_table_factor,
        supports_values_as_table_factor,
        supports_create_index_with_clause,
        supports_explain_with_utility_options,
        supports_limit_comma,
        supports_update_order_by,
        supports_from_first_select,
        supports_projection_trailing_commas,
        supports_asc_desc_in_column_definition,
        supports_try_convert,
        supports_bitwise_shift_operators,
        supports_comment_on,
        supports_load_extension,
        supports_named_fn_args_with_assignment_operator,
        supports_struct_literal,
        supports_empty_projections,
        supports_nested_comments,
        supports_multiline_comment_hints,
        supports_user_host_grantee,
        supports_string_escape_constant,
        supports_array_typedef_with_brackets,
        supports_match_against,
        supports_set_names,
        supports_comma_separated_set_assignments,
        supports_filter_during_aggregation,
        supports_select_wildcard_exclude,
        supports_data_type_signed_suffix,
        supports_interval_options,
        supports_quote_delimited_string,
        supports_select_wildcard_replace,
        supports_select_wildcard_ilike,
        supports_select_wildcard_rename,
        supports_optimize_table,
        supports_install,
        supports_detach,
        supports_prewhere,
        supports_with_fill,
        supports_limit_by,
        supports_interpolate,
        supports_settings,
        supports_select_format,
        supports_comment_optimizer_hint,
        supports_constraint_keyword_without_name,
        supports_key_column_option,
        supports_comma_separated_trim,
        supports_cte_without_as,
        supports_select_item_multi_column_alias,
        supports_xml_expressions,
    );
}

/// Functions of Trino that take a function, and what DataFusion calls them.
const LAMBDAS: [(&str, &str); 3] =
    [("transform", "array_transform"), ("filter", "array_filter"), ("any_match", "array_any_match")];

/// Whether something stands directly between the parentheses that follow the next word, not in others within them.
fn inside(parser: &Parser<'_>, stands: impl Fn(&Parser<'_>, usize) -> bool) -> bool {
    let mut depth = 0_usize;
    for ahead in 1.. {
        match &parser.peek_nth_token_ref(ahead).token {
            Token::LParen => depth += 1,
            Token::RParen if depth <= 1 => return false,
            Token::RParen => depth -= 1,
            Token::EOF => return false,
            _ if depth == 0 => return false,
            _ if depth == 1 && stands(parser, ahead) => return true,
            _ => {}
        }
    }
    false
}

/// `AS ARRAY(`
fn is_array_type(parser: &Parser<'_>, ahead: usize) -> bool {
    let keyword = |ahead: usize, keyword: Keyword| matches!(&parser.peek_nth_token_ref(ahead).token, Token::Word(word) if word.keyword == keyword);
    keyword(ahead, Keyword::AS)
        && keyword(ahead + 1, Keyword::ARRAY)
        && parser.peek_nth_token_ref(ahead + 2).token == Token::LParen
}

/// `, x ->` or `, (x) ->`
fn is_lambda(parser: &Parser<'_>, ahead: usize) -> bool {
    let token = |ahead: usize| &parser.peek_nth_token_ref(ahead).token;
    let name = |ahead: usize| matches!(token(ahead), Token::Word(_));
    *token(ahead) == Token::Comma
        && (name(ahead + 1) && *token(ahead + 2) == Token::Arrow
            || *token(ahead + 1) == Token::LParen
                && name(ahead + 2)
                && *token(ahead + 3) == Token::RParen
                && *token(ahead + 4) == Token::Arrow)
}

/// `(list, x -> expression)`. Elsewhere the arrow looks into JSON.
fn with_lambda(parser: &mut Parser<'_>, function: &str) -> Result<Expr, ParserError> {
    parser.expect_token(&Token::LParen)?;
    let list = parser.parse_expr()?;
    parser.expect_token(&Token::Comma)?;
    let in_parentheses = parser.consume_token(&Token::LParen);
    let name = parser.parse_identifier()?;
    if in_parentheses {
        parser.expect_token(&Token::RParen)?;
    }
    parser.expect_token(&Token::Arrow)?;
    let mut body = Box::new(parser.parse_expr()?);
    parser.expect_token(&Token::RParen)?;
    trino::members_of(&name, body.as_mut());
    let params = OneOrManyWithParens::One(LambdaFunctionParameter { name, data_type: None });
    let lambda = Expr::Lambda(LambdaFunction { params, body, syntax: LambdaSyntax::Arrow });
    Ok(trino::call(function, vec![list, lambda]))
}

/// `(json AS ARRAY(VARCHAR))`, behind `CAST`: Trino's way to make a list of JSON.
fn cast_to_array(parser: &mut Parser<'_>) -> Result<Expr, ParserError> {
    parser.expect_token(&Token::LParen)?;
    let json = parser.parse_expr()?;
    parser.expect_keyword(Keyword::AS)?;
    parser.expect_keyword(Keyword::ARRAY)?;
    parser.expect_token(&Token::LParen)?;
    match parser.parse_data_type()? {
        DataType::JSON | DataType::Varchar(_) => {}
        other => {
            return Err(ParserError::ParserError(format!(
                "ARRAY({other}) cannot be made of JSON; VARCHAR can"
            )));
        }
    }
    parser.expect_token(&Token::RParen)?;
    parser.expect_token(&Token::RParen)?;
    Ok(trino::call("json_text_list", vec![json]))
}
