/**
 * The rules of the project's plain style, for `deno lint` (the key `lint.plugins` in deno.json). A rule
 * is switched off by its name, `crosswarp/...`, in `lint.rules.exclude`.
 *
 * @module
 */

// The types of Deno.lint.
/// <reference lib="deno.unstable" />

type Node = Deno.lint.Node;

const ROOT = new URL("../", import.meta.url).pathname;

/** The plugin's test holds texts that break the rules about texts. */
const OWN_TEST = "testing/lint_plugin_test.ts";

/** The path below the project's folder; a path that is not below it stays as it is. */
function projectPath(filename: string): string {
  const path = filename.replaceAll("\\", "/");
  return path.startsWith(ROOT) ? path.slice(ROOT.length) : path.replace(/^\.?\//, "");
}

/** The expression inside `as const`, `satisfies`, `!` and optional chains. The tree holds no parentheses. */
function bare(node: Node): Node {
  switch (node.type) {
    case "TSAsExpression":
    case "TSSatisfiesExpression":
    case "TSTypeAssertion":
    case "TSNonNullExpression":
    case "ChainExpression":
      return bare(node.expression);
    default:
      return node;
  }
}

/** The array literal that a chain of method calls starts from, as `[a, b]` in `[a, b].map(f).flat()`. */
function startOfChain(node: Node): Deno.lint.ArrayExpression | undefined {
  const call = bare(node);
  if (call.type !== "CallExpression") return undefined;
  const callee = bare(call.callee);
  if (callee.type !== "MemberExpression") return undefined;
  const object = bare(callee.object);
  return object.type === "ArrayExpression" ? object : startOfChain(object);
}

/** Returns true if an array literal lists elements; `[...set]` only turns an iterable into an array. */
function listsElements({ elements }: Deno.lint.ArrayExpression): boolean {
  return elements.some((element) => element?.type !== "SpreadElement");
}

/** The dots and what they spread; the node's own range may hold the dots alone. */
function spreadRange(node: Deno.lint.SpreadElement): Deno.lint.Range {
  return [node.range[0], node.argument.range[1]];
}

const noLiteralSpread: Deno.lint.Rule = {
  create: (context) => ({
    SpreadElement(node) {
      const argument = bare(node.argument);
      if (argument.type === "ObjectExpression") {
        context.report({
          range: spreadRange(node),
          message: "An object literal is spread into a literal",
          hint: "Write its properties in the outer literal",
        });
      } else if (argument.type === "ArrayExpression") {
        context.report({
          range: spreadRange(node),
          message: "An array literal is spread into a list",
          hint: "Write its elements in the outer list; `// deno-fmt-ignore` keeps a matrix's rows",
        });
      } else {
        const start = startOfChain(argument);
        if (start === undefined || !listsElements(start)) return;
        context.report({
          range: spreadRange(node),
          message: "Calls on an array literal are spread into a list",
          hint: "Write every element, or give the result a name and spread the name",
        });
      }
    },
  }),
};

/** Returns true if an expression stands for no properties or for properties written on the spot. */
function isLiteralBranch(node: Node): boolean {
  const branch = bare(node);
  if (branch.type === "ConditionalExpression") {
    return isLiteralBranch(branch.consequent) || isLiteralBranch(branch.alternate);
  }
  return branch.type === "ObjectExpression" ||
    (branch.type === "Identifier" && branch.name === "undefined") ||
    (branch.type === "Literal" && branch.value === null);
}

const noConditionalSpread: Deno.lint.Rule = {
  create: (context) => ({
    SpreadElement(node) {
      if (node.parent.type !== "ObjectExpression") return;
      const argument = bare(node.argument);
      const isConditional = argument.type === "ConditionalExpression"
        ? isLiteralBranch(argument)
        : argument.type === "LogicalExpression" && argument.operator === "&&";
      if (!isConditional) return;
      context.report({
        range: spreadRange(node),
        message: "Properties are spread on a condition",
        hint: "Write `name: condition ? value : undefined`, or set the property in an `if`; " +
          "`withoutUndefined` of host/defaults.ts leaves out what is undefined",
      });
    },
  }),
};

const singleDeclarator: Deno.lint.Rule = {
  create: (context) => ({
    VariableDeclaration(node) {
      if (node.declarations.length < 2 || node.parent.type === "ForStatement") return;
      context.report({
        node,
        message: `One statement declares ${node.declarations.length} variables`,
        hint: `Write one \`${node.kind}\` statement for each variable`,
      });
    },
  }),
};

/** Types that hold `undefined` already, or that forbid every value. */
const HOLD_UNDEFINED = new Set(["TSUndefinedKeyword", "TSUnknownKeyword", "TSAnyKeyword"]);

function spellsUndefined(type: Deno.lint.TypeNode): boolean {
  if (type.type === "TSUnionType") return type.types.some(spellsUndefined);
  return HOLD_UNDEFINED.has(type.type);
}

const optionalWithUndefined: Deno.lint.Rule = {
  create(context) {
    const check = (
      node:
        | Deno.lint.TSPropertySignature
        | Deno.lint.PropertyDefinition
        | Deno.lint.TSAbstractPropertyDefinition,
    ) => {
      const type = node.typeAnnotation?.typeAnnotation;
      if (!node.optional || type === undefined || spellsUndefined(type)) return;
      const name = context.sourceCode.getText(node.key);
      context.report({
        node,
        message: `The type of the optional property ${name} does not spell \`| undefined\``,
        hint: `Write \`${name}?: ${context.sourceCode.getText(type)} | undefined\`, ` +
          "so that callers can hand on a value that they may not have",
      });
    };
    return {
      TSPropertySignature: check,
      PropertyDefinition: check,
      TSAbstractPropertyDefinition: check,
    };
  },
};

/** Files that may call the twins in double precision. */
const MAY_USE_REFERENCES = /^(bench|testing|tests)\/|_(test|bench|reference)\.ts$/;

const IS_REFERENCE = /[a-z0-9]Reference$/;

/** Returns true if a node lies in a function that is itself a twin; twins build on each other. */
function isInReference(context: Deno.lint.RuleContext, node: Node): boolean {
  return context.sourceCode.getAncestors(node).some((ancestor) =>
    ancestor.type === "FunctionDeclaration" && IS_REFERENCE.test(ancestor.id?.name ?? "")
  );
}

const noReferenceInProduction: Deno.lint.Rule = {
  create(context): Deno.lint.LintVisitor {
    if (MAY_USE_REFERENCES.test(projectPath(context.filename))) return {};
    const imported = new Set<string>();
    const namespaces = new Set<string>();
    const nameOf = (node: Node): string | undefined => {
      const value = bare(node);
      if (value.type === "Identifier") return imported.has(value.name) ? value.name : undefined;
      if (value.type !== "MemberExpression" || value.computed) return undefined;
      const { object, property } = value;
      return object.type === "Identifier" && namespaces.has(object.name) &&
          property.type === "Identifier" && IS_REFERENCE.test(property.name)
        ? property.name
        : undefined;
    };
    const check = (node: Node) => {
      const name = nameOf(node);
      if (name === undefined || isInReference(context, node)) return;
      context.report({
        node,
        message: `Production code uses ${name}, a reference for tests`,
        hint:
          "Use the function on the GPU; where the work belongs on the CPU, give that function a " +
          "name of its own and let the reference call it",
      });
    };
    return {
      ImportSpecifier({ imported: original, local }) {
        const name = original.type === "Identifier" ? original.name : original.value;
        if (IS_REFERENCE.test(name)) imported.add(local.name);
      },
      ImportNamespaceSpecifier({ local }) {
        namespaces.add(local.name);
      },
      CallExpression(node) {
        check(node.callee);
        for (const argument of node.arguments) check(argument);
      },
    };
  },
};

const noValueSentinel: Deno.lint.Rule = {
  create(context): Deno.lint.LintVisitor {
    const path = projectPath(context.filename);
    if (path === OWN_TEST || /^kernels\/gpu\/no_value(_test)?\.ts$/.test(path)) return {};
    const report = (range: Deno.lint.Range, text: string) =>
      context.report({
        range,
        message: `${text} stands for a voxel without value`,
        hint: "Use NO_VALUE and hasValue of kernels/gpu/no_value.ts, in TypeScript and in WGSL",
      });
    // The negative numbers alone: a positive one is a large cost or the start of a minimum.
    const checkShader = (node: Node) => {
      for (const match of context.sourceCode.getText(node).matchAll(/-1e[23]0\b/g)) {
        const start = node.range[0] + match.index;
        report([start, start + match[0].length], match[0]);
      }
    };
    return {
      Literal(node) {
        if (typeof node.value === "number") {
          const isNegative = node.parent?.type === "UnaryExpression" &&
            node.parent.operator === "-";
          if (isNegative && /^1(\.0*)?e\+?[23]0$/i.test(node.raw)) report(node.range, node.raw);
        } else if (typeof node.value === "string") {
          checkShader(node);
        }
      },
      TemplateElement: checkShader,
    };
  },
};

/** Rooms that Node or a browser must be able to parse: those of the package for npm, and the page. */
const PORTABLE_ROOMS = /^(host|volume|kernels|registration|gan|bias_field|cohort|pictures|web)\//;

const noUsingInLibrary: Deno.lint.Rule = {
  create: (context) => ({
    VariableDeclaration(node) {
      const path = projectPath(context.filename);
      if (!PORTABLE_ROOMS.test(path) || path.endsWith("_test.ts")) return;
      if (node.kind !== "using" && node.kind !== "await using") return;
      context.report({
        node,
        message: "Node 22 and older, and Safari, cannot parse `using`",
        hint: "Free the resource in `finally`, or use Owned.build or Owned.during",
      });
    },
  }),
};

const noUtilName: Deno.lint.Rule = {
  create: (context) => ({
    Program(node) {
      const name = projectPath(context.filename).split("/").at(-1) ?? "";
      const word = /(?:^|[_.-])(utils?|helpers?|misc)[_.-]/i.exec(name);
      if (word === null) return;
      context.report({
        // The first character: the whole file would be printed.
        range: [node.range[0], Math.min(node.range[0] + 1, node.range[1])],
        message: `The file's name, ${name}, does not say what it is about ("${word[1]}")`,
        hint: "Name the file after its one concern",
      });
    },
  }),
};

/** Phrases to avoid, and the plain words in their place. */
const PHRASES: readonly { readonly phrase: RegExp; readonly instead: string }[] = [
  {
    phrase: /\bwhat is there\b/i,
    instead: "Name the thing: the files, the values, the sum so far",
  },
  { phrase: /\bthere and back\b/i, instead: "Write: forwards and backwards, or the cycle" },
  { phrase: /\bsees? to it that\b/i, instead: "Write: ensures that, or makes" },
  { phrase: /\bas luck had it\b/i, instead: "Write: by chance" },
];

const plainWords: Deno.lint.Rule = {
  create(context): Deno.lint.LintVisitor {
    if (projectPath(context.filename) === OWN_TEST) return {};
    const check = (node: Deno.lint.LineComment | Deno.lint.BlockComment | Node, text: string) => {
      const line = text.replace(/\s*\n\s*\*?\s*/g, " ");
      for (const { phrase, instead } of PHRASES) {
        const found = phrase.exec(line);
        if (found === null) continue;
        context.report({ range: node.range, message: `Not plain: "${found[0]}"`, hint: instead });
      }
    };
    return {
      Program() {
        for (const comment of context.sourceCode.getAllComments()) {
          check(comment, comment.value);
          const fragment = /^\*[\s*]*(Of|Beside)\s/.exec(comment.value);
          if (comment.type !== "Block" || fragment === null) continue;
          context.report({
            range: comment.range,
            message: `A doc comment begins with "${fragment[1]}"`,
            hint: "Write a whole sentence that names its subject, as `Seed of the random numbers.`",
          });
        }
      },
      Literal(node) {
        if (typeof node.value === "string") check(node, node.value);
      },
      TemplateElement(node) {
        check(node, node.cooked);
      },
    };
  },
};

/** The project's lint rules. */
const plugin: Deno.lint.Plugin = {
  name: "crosswarp",
  rules: {
    "no-literal-spread": noLiteralSpread,
    "no-conditional-spread": noConditionalSpread,
    "single-declarator": singleDeclarator,
    "optional-with-undefined": optionalWithUndefined,
    "no-reference-in-production": noReferenceInProduction,
    "no-value-sentinel": noValueSentinel,
    "no-using-in-library": noUsingInLibrary,
    "no-util-name": noUtilName,
    "plain-words": plainWords,
  },
};

export default plugin;
