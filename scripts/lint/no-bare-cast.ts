/** The part of the linter's syntax tree that this rule looks at. */
interface Node {
  type: string;
  parent?: Node;
  typeAnnotation?: { type: string; typeName?: { name?: string } };
}

interface Context {
  report(fault: { node: Node; message: string }): void;
  sourceCode: { getCommentsBefore(node: Node): { type: string }[] };
}

const message =
  'A cast stands alone: `return value as T` in a function of its own at the top level, with the reason in a docstring above it.';

/** The project's own lint rules. */
export default {
  meta: { name: 'executor' },
  rules: {
    'no-bare-cast': {
      create: (context: Context) => ({
        TSAsExpression(node: Node) {
          if (isAsConst(node) || isInner(node) || isExplained(node, context)) return;
          context.report({ node, message });
        },
      }),
    },
  },
};

function isAsConst({ typeAnnotation }: Node): boolean {
  return typeAnnotation?.type === 'TSTypeReference' && typeAnnotation.typeName?.name === 'const';
}

/** In `value as unknown as T` the outer one counts. */
function isInner({ parent }: Node): boolean {
  return parent?.type === 'TSAsExpression';
}

/** Returned, as it is, by a function at the top level of the file that a docstring stands above. */
function isExplained(node: Node, { sourceCode }: Context): boolean {
  const caster = node.parent?.type === 'ReturnStatement' ? node.parent.parent?.parent : undefined;
  if (caster?.type !== 'FunctionDeclaration') return false;
  const statement = caster.parent?.type === 'ExportNamedDeclaration' ? caster.parent : caster;
  if (statement.parent?.type !== 'Program') return false;
  return sourceCode.getCommentsBefore(statement).some(({ type }) => type === 'Block');
}
