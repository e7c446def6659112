package expression

import (
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/ext"

	"synccenter.dev/synccenter/internal/directory"
)

// maxLength is the longest expression in characters, and costLimit the most steps that one evaluation may take: enough for a list of
// some thousand values, and an end for everything else.
const (
	maxLength = 4096
	costLimit = 1_000_000
)

// maxNesting bounds loops within loops. Together with the cost limit it keeps an expression from hanging a run.
const maxNesting = 3

// environments are made once for each kind: making one takes milliseconds.
var (
	userEnvironment       = sync.OnceValues(func() (*cel.Env, error) { return newEnvironment(directory.User) })
	departmentEnvironment = sync.OnceValues(func() (*cel.Env, error) { return newEnvironment(directory.Department) })
)

func environment(kind directory.Kind) (*cel.Env, error) {
	if kind == directory.Department {
		return departmentEnvironment()
	}
	return userEnvironment()
}

func newEnvironment(kind directory.Kind) (*cel.Env, error) {
	return cel.NewEnv(
		cel.Variable(variable(kind), cel.DynType),
		cel.ParserExpressionSizeLimit(maxLength),
		cel.ASTValidators(cel.ValidateRegexLiterals(), cel.ValidateTimestampLiterals(), cel.ValidateDurationLiterals(),
			cel.ValidateComprehensionNestingLimit(maxNesting)),
		ext.Strings(), ext.Lists(), ext.Sets(), ext.Bindings(),
		textFunction("lower", strings.ToLower),
		textFunction("upper", strings.ToUpper),
		textFunction("pinyin", toPinyin),
	)
}

// variable is the name by which expressions know the entry.
func variable(kind directory.Kind) string {
	if kind == directory.Department {
		return "department"
	}
	return "user"
}

// textFunction declares a function from text to text, to be written as f(x) or x.f().
func textFunction(name string, convert func(string) string) cel.EnvOption {
	binding := cel.UnaryBinding(func(value ref.Val) ref.Val {
		text, ok := value.(types.String)
		if !ok {
			return types.MaybeNoSuchOverloadErr(value)
		}
		return types.String(convert(string(text)))
	})
	return cel.Function(name,
		cel.Overload(name+"_string", []*cel.Type{cel.StringType}, cel.StringType, binding),
		cel.MemberOverload("string_"+name, []*cel.Type{cel.StringType}, cel.StringType, binding))
}
