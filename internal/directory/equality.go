package directory

// Equality says when two values of a field are the same.
type Equality string

// The equalities. IgnoreCase folds case and runs of spaces for matching and uniqueness; whether a field differs is exact but for
// DN and Phone, which ignore what has no meaning in them.
const (
	Exact      Equality = "Exact"
	IgnoreCase Equality = "IgnoreCase"
	DN         Equality = "DN"
	Phone      Equality = "Phone"
)
