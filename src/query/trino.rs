//! SQL of Trino, which Athena and CloudTrail Lake speak, where DataFusion has another way to say the same.

use std::borrow::Cow;
use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use sqlparser::ast::helpers::attached_token::AttachedToken;
use sqlparser::ast::{
    AccessExpr, BinaryOperator, CaseWhen, CastKind, DataType, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArgumentClause, FunctionArgumentList, FunctionArguments, Ident, ObjectName, OrderByExpr,
    OrderByOptions, Query, SelectItem, SetExpr, TableFactor, Value, ValueWithSpan, Visit as _, VisitMut as _,
    Visitor, VisitorMut, visit_expressions_mut,
};

use super::saved::ParameterValues;

/// Replaces what DataFusion does not know.
pub(super) fn translate(statement: &mut Statement) {
    match statement {
        Statement::Statement(statement) => {
            // Nothing here breaks off.
            let ControlFlow::Continue(()) = statement.visit(&mut Translation);
        }
        Statement::Explain(explain) => translate(&mut explain.statement),
        _ => {}
    }
}

/// Puts values in the places of parameters. The first parameter without one, if there is any.
pub(super) fn fill_in(statement: &mut Statement, values: &ParameterValues) -> Option<String> {
    match statement {
        Statement::Statement(statement) => match statement.visit(&mut FillIn(values)) {
            ControlFlow::Continue(()) => None,
            ControlFlow::Break(missing) => Some(missing),
        },
        Statement::Explain(explain) => fill_in(&mut explain.statement, values),
        _ => None,
    }
}

struct FillIn<'v>(&'v ParameterValues);

impl VisitorMut for FillIn<'_> {
    /// The parameter that has no value.
    type Break = String;

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<String> {
        let Expr::Value(ValueWithSpan { value: Value::Placeholder(name), .. }) = expr else {
            return ControlFlow::Continue(());
        };
        let name = name.trim_start_matches('$');
        match self.0.get(name) {
            Some(value) => *expr = value.expr().clone(),
            None => return ControlFlow::Break(name.to_owned()),
        }
        ControlFlow::Continue(())
    }
}

/// What a statement asks for that would be passed over without a word.
pub(super) fn passed_over(statement: &Statement) -> Option<&'static str> {
    let Statement::Statement(statement) = statement else { return None };
    struct Sample;
    impl Visitor for Sample {
        type Break = ();

        fn pre_visit_table_factor(&mut self, table: &TableFactor) -> ControlFlow<()> {
            match table {
                TableFactor::Table { sample: Some(_), .. } => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        }
    }
    statement
        .visit(&mut Sample)
        .is_break()
        .then_some("TABLESAMPLE is not supported; WHERE random() < 0.1 takes a tenth")
}

/// The first date of a statement that stands there without quotes, and would be computed.
pub(super) fn unquoted_date(statement: &Statement) -> Option<String> {
    let Statement::Statement(statement) = statement else { return None };
    let found = sqlparser::ast::visit_expressions(statement.as_ref(), |expr| match date_of(expr) {
        Some(date) => ControlFlow::Break(date),
        None => ControlFlow::Continue(()),
    });
    found.break_value()
}

/// `2025-03-01`, which is 2021.
fn date_of(expr: &Expr) -> Option<String> {
    fn difference(expr: &Expr) -> Option<(&Expr, &Expr)> {
        match expr {
            Expr::BinaryOp { left, op: BinaryOperator::Minus, right } => Some((left, right)),
            _ => None,
        }
    }
    fn digits(expr: &Expr) -> Option<&str> {
        match expr {
            Expr::Value(ValueWithSpan { value: Value::Number(text, _), .. }) => Some(text),
            _ => None,
        }
    }
    let (rest, day) = difference(expr)?;
    let (year, month) = difference(rest)?;
    let text = format!("{}-{}-{}", digits(year)?, digits(month)?, digits(day)?);
    chrono::NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok().filter(|_| text.len() == 10)?;
    Some(text)
}

/// Puts ids of event data stores, which hold hyphens, between quotes where they stand as names of tables.
pub(super) fn quote_ids<'s>(sql: &'s str, ids: &[String]) -> Cow<'s, str> {
    if ids.is_empty() {
        return Cow::Borrowed(sql);
    }
    let (mut quoted, mut rest) = (String::new(), sql);
    while !rest.is_empty() {
        let behind = quoted.chars().next_back();
        let is_part = |neighbour: Option<char>| {
            neighbour.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '/' | '.' | ':'))
        };
        let id = ids.iter().filter(|id| !id.is_empty() && !is_part(behind)).find(|id| {
            let end =
                rest.strip_prefix(id.as_str()).map(|end| end.chars().next().filter(|next| *next != '.'));
            end.is_some_and(|next| !is_part(next))
        });
        let length = match id {
            Some(id) => {
                quoted.push_str(&format!("\"{id}\""));
                rest = &rest[id.len()..];
                continue;
            }
            None => skipped(rest),
        };
        quoted.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    Cow::Owned(quoted)
}

/// How long what begins a text is that no id can be in: a string, a name between quotes, a comment, or one character.
fn skipped(text: &str) -> usize {
    let until =
        |open: usize, close: &str| text[open..].find(close).map_or(text.len(), |at| open + at + close.len());
    match text.as_bytes() {
        [b'\'', ..] => until(1, "'"),
        [b'"', ..] => until(1, "\""),
        [b'-', b'-', ..] => until(2, "\n"),
        [b'/', b'*', ..] => until(2, "*/"),
        _ => text.chars().next().map_or(0, char::len_utf8),
    }
}

struct Translation;

impl VisitorMut for Translation {
    type Break = std::convert::Infallible;

    /// A member of a struct is shown under its own name, as long as nothing else is.
    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Self::Break> {
        if let SetExpr::Select(select) = query.body.as_mut() {
            name_members(&mut select.projection);
            name_translated(&mut select.projection);
        }
        ControlFlow::Continue(())
    }

    /// Trino unnests a list of structs into a column for each member.
    fn pre_visit_table_factor(&mut self, table: &mut TableFactor) -> ControlFlow<Self::Break> {
        if let TableFactor::UNNEST { alias: Some(alias), array_exprs, .. } = table
            && let [list] = array_exprs.as_mut_slice()
            && alias.columns.len() > 1
        {
            let whole = std::mem::replace(list, Expr::Value(Value::Null.into()));
            *list = call("unnest", vec![whole]);
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Self::Break> {
        match expr {
            Expr::Function(function) => {
                if let Some(translated) = function_call(function) {
                    *expr = translated;
                }
            }
            // DataFusion takes a member's name behind a dot only from a text.
            Expr::CompoundFieldAccess { access_chain, .. } => {
                for access in access_chain {
                    if let AccessExpr::Dot(Expr::Identifier(name)) = access {
                        let folded = if name.quote_style.is_some() {
                            name.value.clone()
                        } else {
                            name.value.to_lowercase()
                        };
                        *access = AccessExpr::Dot(Expr::Value(Value::SingleQuotedString(folded).into()));
                    }
                }
            }
            // A scalar out of JSON is cast, not its JSON text.
            Expr::Cast { data_type, expr: json, .. }
                if *data_type != DataType::JSON && is_call(json, "json_extract") =>
            {
                if let Expr::Function(function) = json.as_mut() {
                    renamed(function, "json_extract_scalar");
                }
            }
            // JSON is text here.
            Expr::Cast { data_type: data_type @ DataType::JSON, .. } => *data_type = DataType::Varchar(None),
            Expr::Cast { data_type, expr: address, .. }
                if data_type.to_string().eq_ignore_ascii_case("IPADDRESS") =>
            {
                *expr = call("ip_number", vec![(**address).clone()]);
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

fn function_call(function: &mut Function) -> Option<Expr> {
    let name = function.name.to_string().to_ascii_lowercase();
    match name.as_str() {
        "if" => match arguments(function)?.as_slice() {
            [condition, then] => Some(case(condition, then, None)),
            [condition, then, otherwise] => Some(case(condition, then, Some(otherwise))),
            _ => None,
        },
        // A cast that fails gives NULL. Other failures end a query, as they do without `try`.
        "try" => match arguments(function)?.as_slice() {
            [Expr::Cast { expr, data_type, array, format, .. }] => Some(Expr::Cast {
                kind: CastKind::TryCast,
                expr: expr.clone(),
                data_type: data_type.clone(),
                array: *array,
                format: format.clone(),
            }),
            [expr] => Some(expr.clone()),
            _ => None,
        },
        "count_if" => {
            let [condition] = <[Expr; 1]>::try_from(arguments(function)?).ok()?;
            let FunctionArguments::List(list) = &mut function.args else { return None };
            list.args = vec![FunctionArg::Unnamed(FunctionArgExpr::Wildcard)];
            and_filter(function, condition);
            renamed(function, "count")
        }
        "max_by" => by(function, false),
        "min_by" => by(function, true),
        "arbitrary" => renamed(function, "any_value"),
        "approx_percentile" => renamed(function, "approx_percentile_cont"),
        // A network and an address.
        "contains" => match arguments(function)?.as_slice() {
            [network, Expr::Function(address)] if address.name.to_string() == "ip_number" => {
                let [address] = <[Expr; 1]>::try_from(arguments(address)?).ok()?;
                Some(call("ip_in_cidr", vec![address, network.clone()]))
            }
            _ => None,
        },
        "split" => renamed(function, "string_to_array"),
        // Trino's replaces all that match, and by nothing unless told otherwise.
        "regexp_replace" => with_default(function, &["", "g"]),
        "replace" => with_default(function, &[""]),
        "date" if arguments(function)?.len() == 1 => renamed(function, "to_date"),
        _ => None,
    }
}

pub(super) fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    let arguments = arguments.into_iter().map(|expr| FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)));
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: arguments.collect(),
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

/// `x.member` of the lambda's own `x`, which is no table.
pub(super) fn members_of(parameter: &Ident, body: &mut Expr) {
    let ControlFlow::Continue(()) = visit_expressions_mut(body, |expr| {
        if let Expr::CompoundIdentifier(parts) = expr
            && let [first, members @ ..] = parts.as_slice()
            && first.value.eq_ignore_ascii_case(&parameter.value)
        {
            let member = |name: &Ident| AccessExpr::Dot(Expr::Identifier(name.clone()));
            let access_chain = members.iter().map(member).collect();
            *expr =
                Expr::CompoundFieldAccess { root: Box::new(Expr::Identifier(first.clone())), access_chain };
        }
        ControlFlow::<std::convert::Infallible>::Continue(())
    });
}

fn is_call(expr: &Expr, name: &str) -> bool {
    matches!(expr, Expr::Function(function) if function.name.to_string().eq_ignore_ascii_case(name))
}

fn renamed(function: &mut Function, name: &str) -> Option<Expr> {
    function.name = ObjectName::from(vec![Ident::new(name)]);
    None
}

/// Appends what Trino takes for granted behind the second argument.
fn with_default(function: &mut Function, defaults: &[&str]) -> Option<Expr> {
    let FunctionArguments::List(list) = &mut function.args else { return None };
    let given = list.args.len();
    let missing = defaults.iter().skip(given.saturating_sub(2)).filter(|_| given >= 2);
    list.args.extend(missing.map(|default| {
        let text = Value::SingleQuotedString((*default).to_owned());
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(text.into())))
    }));
    None
}

/// Arguments without names, if these are all.
fn arguments(function: &Function) -> Option<Vec<Expr>> {
    let FunctionArguments::List(list) = &function.args else { return None };
    list.args
        .iter()
        .map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
            _ => None,
        })
        .collect()
}

fn case(condition: &Expr, then: &Expr, otherwise: Option<&Expr>) -> Expr {
    Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen { condition: condition.clone(), result: then.clone() }],
        else_result: otherwise.map(|expr| Box::new(expr.clone())),
    }
}

/// Structs of the views, whose members have names of their own.
const STRUCTS: [&str; 3] = ["useridentity", "tlsdetails", "addendum"];

fn name_members(shown: &mut [SelectItem]) {
    let name = |item: &SelectItem| match item {
        SelectItem::UnnamedExpr(Expr::Identifier(name)) => Some(name.value.to_lowercase()),
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => Some(parts.last()?.value.to_lowercase()),
        SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.to_lowercase()),
        _ => None,
    };
    let names: Vec<Option<String>> = shown.iter().map(name).collect();
    for (item, name) in shown.iter_mut().zip(&names) {
        let is_alone = names.iter().filter(|other| *other == name).count() == 1;
        if let SelectItem::UnnamedExpr(expr @ Expr::CompoundIdentifier(_)) = item
            && let Expr::CompoundIdentifier(parts) = expr
            && parts[..parts.len() - 1]
                .iter()
                .any(|part| STRUCTS.contains(&part.value.to_lowercase().as_str()))
            && let Some(name) = name.as_ref().filter(|_| is_alone)
        {
            *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias: Ident::new(name) };
        }
    }
}

/// Functions that are said in other words, which nobody would recognise over a column.
const SAID_OTHERWISE: [&str; 6] = ["approx_percentile", "arbitrary", "count_if", "if", "max_by", "min_by"];

/// What is about to be translated is shown under the text that it had.
fn name_translated(shown: &mut [SelectItem]) {
    for item in shown {
        let SelectItem::UnnamedExpr(expr) = item else { continue };
        if SAID_OTHERWISE.iter().any(|name| is_call(expr, name)) {
            let alias = Ident::with_quote('"', expr.to_string());
            *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
        }
    }
}

/// Restricts an aggregate to rows for which a condition holds, and the one that it has.
fn and_filter(function: &mut Function, condition: Expr) {
    let both = match function.filter.take() {
        Some(given) => Expr::BinaryOp {
            left: Box::new(Expr::Nested(given)),
            op: BinaryOperator::And,
            right: Box::new(Expr::Nested(Box::new(condition))),
        },
        None => condition,
    };
    function.filter = Some(Box::new(both));
}

/// `max_by(x, y)` is the first `x` where rows are ordered by `y`, from the highest down.
fn by(function: &mut Function, ascending: bool) -> Option<Expr> {
    let [value, order] = <[Expr; 2]>::try_from(arguments(function)?).ok()?;
    // Where nothing orders, there is no first.
    and_filter(function, Expr::IsNotNull(Box::new(order.clone())));
    let FunctionArguments::List(list) = &mut function.args else { return None };
    list.args = vec![FunctionArg::Unnamed(FunctionArgExpr::Expr(value))];
    let options = OrderByOptions { asc: Some(ascending), nulls_first: Some(false) };
    list.clauses.push(FunctionArgumentClause::OrderBy(vec![OrderByExpr {
        expr: order,
        options,
        with_fill: None,
    }]));
    renamed(function, "first_value")
}
