//! SQL of Trino, which Athena and CloudTrail Lake speak, where DataFusion has another way to say the same.

use std::borrow::Cow;
use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use sqlparser::ast::helpers::attached_token::AttachedToken;
use sqlparser::ast::{
    AccessExpr, BinaryOperator, CaseWhen, CastKind, DataType, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArgumentClause, FunctionArgumentList, FunctionArguments, Ident, ObjectName, OrderByExpr,
    OrderByOptions, TableFactor, Value, ValueWithSpan, VisitMut as _, VisitorMut,
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
    let difference = |expr: &Expr| match expr {
        Expr::BinaryOp { left, op: BinaryOperator::Minus, right } => Some((left.clone(), right.clone())),
        _ => None,
    };
    let digits = |expr: &Expr, count: usize| match expr {
        Expr::Value(ValueWithSpan { value: Value::Number(text, _), .. }) => {
            Some(text.clone()).filter(|text| text.len() == count)
        }
        _ => None,
    };
    let (rest, day) = difference(expr)?;
    let (year, month) = difference(&rest)?;
    Some(format!("{}-{}-{}", digits(&year, 4)?, digits(&month, 2)?, digits(&day, 2)?))
}

/// Puts ids of event data stores, which hold hyphens, between quotes where they stand as names of tables.
pub(super) fn quote_ids<'s>(sql: &'s str, ids: &[String]) -> Cow<'s, str> {
    let mut sql = Cow::Borrowed(sql);
    for id in ids.iter().filter(|id| !id.is_empty()) {
        let (mut quoted, mut rest, mut changed) = (String::new(), sql.as_ref(), false);
        while let Some(at) = rest.find(id.as_str()) {
            let (before, from) = rest.split_at(at);
            quoted.push_str(before);
            let behind = &from[id.len()..];
            let is_part = |neighbour: Option<char>| {
                neighbour.is_some_and(|c| {
                    c.is_alphanumeric() || matches!(c, '_' | '-' | '"' | '\'' | '/' | '.' | ':')
                })
            };
            if is_part(before.chars().next_back())
                || is_part(behind.chars().next().filter(|next| *next != '.'))
            {
                quoted.push_str(id);
            } else {
                quoted.push_str(&format!("\"{id}\""));
                changed = true;
            }
            rest = behind;
        }
        quoted.push_str(rest);
        if changed {
            sql = Cow::Owned(quoted);
        }
    }
    sql
}

struct Translation;

impl VisitorMut for Translation {
    type Break = std::convert::Infallible;

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
        // What fails on a value gives NULL here anyway, or is cast.
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
            function.filter = Some(Box::new(condition));
            renamed(function, "count")
        }
        "max_by" => by(function, false),
        "min_by" => by(function, true),
        "arbitrary" => renamed(function, "any_value"),
        "approx_percentile" => renamed(function, "approx_percentile_cont"),
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

/// `max_by(x, y)` is the first `x` where rows are ordered by `y`, from the highest down.
fn by(function: &mut Function, ascending: bool) -> Option<Expr> {
    let [value, order] = <[Expr; 2]>::try_from(arguments(function)?).ok()?;
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
