import type { JsonValue } from '@leftfold/core';
import { encodeColumn, type TableColumn } from '@leftfold/core/column';
import {
  AliasNode,
  AndNode,
  BinaryOperationNode,
  CaseNode,
  CastNode,
  ColumnNode,
  type ColumnUpdateNode,
  DataTypeNode,
  type DeleteQueryNode,
  FunctionNode,
  type InsertQueryNode,
  JSONOperatorChainNode,
  JSONReferenceNode,
  type MergeQueryNode,
  type OperationNode,
  OperationNodeTransformer,
  OperatorNode,
  ParensNode,
  PrimitiveValueListNode,
  ReferenceNode,
  SelectQueryNode,
  TupleNode,
  type UpdateQueryNode,
  ValueListNode,
  ValueNode,
  ValuesNode,
} from 'kysely';
import { type ColumnScope, type DeclaredColumns, isJson, type QueryTables } from './column-scope.ts';

/** Operators whose operands are both JSON when one of them is. */
const jsonOperators = new Set<string>([
  '=',
  '==',
  '!=',
  '<>',
  '<',
  '<=',
  '>',
  '>=',
  'in',
  'not in',
  'is distinct from',
  'is not distinct from',
  'between',
  'between symmetric',
  '@>',
  '<@',
  '||',
]);

/** Functions that return one of their arguments. */
const choosingFunctions = new Set(['coalesce', 'nullif', 'greatest', 'least']);

/** Turns the values that a query writes into JSON columns, or compares with them, into JSON. */
export class JsonbTransformer extends OperationNodeTransformer {
  readonly #columns: DeclaredColumns;
  readonly #scopes: ColumnScope[] = [];

  constructor(columns: DeclaredColumns) {
    super();
    this.#columns = columns;
  }

  protected override transformSelectQuery(node: SelectQueryNode): SelectQueryNode {
    return this.#within(node, () => super.transformSelectQuery(node));
  }

  protected override transformDeleteQuery(node: DeleteQueryNode): DeleteQueryNode {
    return this.#within(node, () => super.transformDeleteQuery(node));
  }

  protected override transformUpdateQuery(node: UpdateQueryNode): UpdateQueryNode {
    return this.#within(node, () => super.transformUpdateQuery(node));
  }

  protected override transformMergeQuery(node: MergeQueryNode): MergeQueryNode {
    return this.#within(node, () => super.transformMergeQuery(node));
  }

  protected override transformInsertQuery(node: InsertQueryNode): InsertQueryNode {
    return this.#within(node, () => {
      const query = super.transformInsertQuery(node);
      const columns = query.columns?.map((column) => this.#written(column));
      if (columns === undefined || query.values === undefined) return query;
      return { ...query, values: rowsInto(columns, query.values) };
    });
  }

  protected override transformColumnUpdate(node: ColumnUpdateNode): ColumnUpdateNode {
    const update = super.transformColumnUpdate(node);
    return { ...update, value: intoColumn(this.#written(update.column), update.value) };
  }

  protected override transformBinaryOperation(node: BinaryOperationNode): BinaryOperationNode {
    const operation = super.transformBinaryOperation(node);
    const { leftOperand: left, operator, rightOperand: right } = operation;
    if (!OperatorNode.is(operator) || !jsonOperators.has(operator.operator)) return operation;
    if (TupleNode.is(left)) return { ...operation, rightOperand: tupleWith(this.#columnsOf(left), right) };
    const column = this.#columnOf(left);
    // Kysely makes a list of each array that it compares with, which is a list for `in` only.
    if (PrimitiveValueListNode.is(right) && !operator.operator.endsWith('in') && isJson(column))
      return { ...operation, rightOperand: asJson(column, ValueNode.create(right.values)) };
    return {
      ...operation,
      leftOperand: intoColumn(this.#columnOf(right), left),
      rightOperand: intoColumn(column, right),
    };
  }

  #within<TNode extends OperationNode>(node: TNode & QueryTables, transform: () => TNode): TNode {
    this.#scopes.push(this.#columns.scopeOf(node));
    try {
      return transform();
    } finally {
      this.#scopes.pop();
    }
  }

  /** The column of the table that is written. */
  #written(column: OperationNode): TableColumn | undefined {
    if (ReferenceNode.is(column)) return this.#written(column.column);
    const target = this.#scopes.findLast((scope) => scope.target !== undefined)?.target;
    return ColumnNode.is(column) ? target?.get(column.column.name) : undefined;
  }

  #columnsOf({ values }: TupleNode): readonly (TableColumn | undefined)[] {
    return values.map((value) => this.#columnOf(value));
  }

  /** The column whose type an expression has. */
  #columnOf(node: OperationNode): TableColumn | undefined {
    if (ColumnNode.is(node)) return this.#columns.find(this.#scopes, node.column.name);
    if (ReferenceNode.is(node)) {
      const { column, table } = node;
      if (!ColumnNode.is(column)) return undefined;
      return this.#columns.find(this.#scopes, column.column.name, table?.table.identifier.name);
    }
    if (ParensNode.is(node)) return this.#columnOf(node.node);
    if (JSONReferenceNode.is(node) && JSONOperatorChainNode.is(node.traversal)) {
      const { operator } = node.traversal.operator;
      return operator === '->' ? this.#columnOf(node.reference) : undefined;
    }
    if (FunctionNode.is(node) && choosingFunctions.has(node.func))
      return node.arguments.map((argument) => this.#columnOf(argument)).find((one) => one !== undefined);
    if (BinaryOperationNode.is(node) && OperatorNode.is(node.operator) && node.operator.operator === '||')
      return this.#columnOf(node.leftOperand);
    return undefined;
  }
}

type TargetColumns = readonly (TableColumn | undefined)[];

function rowsInto(columns: TargetColumns, values: OperationNode): OperationNode {
  if (!columns.some(isJson)) return values;
  if (ValuesNode.is(values)) {
    return {
      ...values,
      values: values.values.map((row) =>
        ValueListNode.create(nodesOf(row).map((value, index) => intoColumn(columns[index], value))),
      ),
    } as ValuesNode;
  }
  if (SelectQueryNode.is(values) && values.selections !== undefined) {
    const selections = values.selections.map((selection, index) => ({
      ...selection,
      selection: intoColumn(columns[index], selection.selection),
    }));
    return { ...values, selections } as SelectQueryNode;
  }
  return values;
}

function nodesOf(list: OperationNode): readonly OperationNode[] {
  if (ValueListNode.is(list) || TupleNode.is(list)) return list.values;
  if (PrimitiveValueListNode.is(list)) return list.values.map((value) => ValueNode.create(value));
  return [list];
}

function tupleWith(columns: TargetColumns, node: OperationNode): OperationNode {
  if (TupleNode.is(node))
    return TupleNode.create(node.values.map((value, index) => intoColumn(columns[index], value)));
  if (ValueListNode.is(node)) return ValueListNode.create(node.values.map((row) => tupleWith(columns, row)));
  if (ParensNode.is(node)) return ParensNode.create(tupleWith(columns, node.node));
  return node;
}

/** The expression with its values as values of the column: unchanged, unless that is JSON. */
function intoColumn(column: TableColumn | undefined, node: OperationNode): OperationNode {
  if (!isJson(column)) return node;
  const into = (inner: OperationNode) => intoColumn(column, inner);
  if (ValueNode.is(node)) return asJson(column, node);
  if (PrimitiveValueListNode.is(node) || ValueListNode.is(node))
    return ValueListNode.create(nodesOf(node).map(into));
  if (ParensNode.is(node)) return ParensNode.create(into(node.node));
  if (AliasNode.is(node)) return AliasNode.create(into(node.node), node.alias);
  if (AndNode.is(node)) return AndNode.create(into(node.left), into(node.right));
  if (FunctionNode.is(node) && choosingFunctions.has(node.func))
    return FunctionNode.create(node.func, node.arguments.map(into));
  if (CaseNode.is(node)) return caseInto(node, into);
  return node;
}

function caseInto(node: CaseNode, into: (node: OperationNode) => OperationNode): CaseNode {
  const when = node.when?.map((one) =>
    one.result === undefined ? one : { ...one, result: into(one.result) },
  );
  return {
    ...node,
    ...(when === undefined ? {} : { when }),
    ...(node.else === undefined ? {} : { else: into(node.else) }),
  };
}

/** With a cast, because an expression around a parameter, such as `case`, would make it text. */
function asJson(column: TableColumn, node: ValueNode): OperationNode {
  const { value, immediate } = node;
  if (value === undefined || (value === null && immediate === true)) return node;
  // Kysely's types have checked that the column takes the value.
  const text = encodeColumn(column, { [column.name]: value as JsonValue });
  return CastNode.create(ValueNode.create(text), DataTypeNode.create('jsonb'));
}
