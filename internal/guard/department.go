package guard

import (
	"fmt"
	"strings"
)

// minMembers is how many people a department has at least for its losses to be looked at.
const minMembers = 10

// departmentEmptied holds all removals when one department would lose more than half of its people: it was moved out of sight rather
// than dismissed, and among thousands the share of the whole would not show it.
func departmentEmptied(l Limits, f Facts) *Finding {
	// Of a department only the people who are named were looked at when the plan is about some alone.
	if l.DepartmentsMayEmpty || f.Partial {
		return nil
	}
	var emptied []string
	for _, d := range f.DepartmentLosses {
		if d.Members >= minMembers && d.Loses*2 > d.Members {
			emptied = append(emptied, fmt.Sprintf("%q would lose %s people", d.Name, share(d.Loses, d.Members)))
		}
	}
	if len(emptied) == 0 {
		return nil
	}
	named := strings.Join(emptied[:min(len(emptied), maxNamed)], ", ")
	if more := len(emptied) - maxNamed; more > 0 {
		named += ", and " + counted(int64(more), "more department", "more departments")
	}
	return &Finding{
		DepartmentEmptied,
		fmt.Sprintf("the department %s, those in the departments below it included, and more than half of at least %d people are not removed without asking", named, minMembers),
		waysOnHeld(f),
	}
}
