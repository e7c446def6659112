package guard

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// maxNamed bounds how many fields or departments a message names.
const maxNamed = 5

// cleared stops a run that would empty one field for more than a share of the users: the source may no longer show that field.
func cleared(l Limits, f Facts) *Finding {
	var names []string
	for name, count := range f.Cleared {
		if over(count, l.ClearedPercent, f.ComparedUsers) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(f.Cleared[b], f.Cleared[a]), cmp.Compare(a, b)) })
	var fields []string
	for _, name := range names[:min(len(names), maxNamed)] {
		fields = append(fields, fmt.Sprintf("%q for %s people", name, share(f.Cleared[name], f.ComparedUsers)))
	}
	if more := len(names) - len(fields); more > 0 {
		fields = append(fields, "and "+counted(int64(more), "more field", "more fields"))
	}
	return &Finding{
		GuardStopped,
		fmt.Sprintf("the run would empty %s, and guard.cleared allows %d%%; nothing was written", strings.Join(fields, ", "), l.ClearedPercent),
		"Look whether the account of the source may still read what is mapped to it. " + waysOn(f, "cleared", f.Cleared[names[0]], f.ComparedUsers),
	}
}
