package artifact_test

import (
	"errors"
	"strings"
	"testing"

	"synccenter.dev/synccenter/internal/artifact"
)

func TestBudget(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	budget := artifact.DefaultBudget()
	for _, c := range []struct {
		name     string
		usage    artifact.Usage
		estimate artifact.Estimate
		want     artifact.Limit
		says     []string
	}{
		{name: "nothing is stored and little will be", estimate: artifact.Estimate{Plan: 1000, Operations: 10, State: 1000}},
		{name: "a run that just fits", estimate: artifact.Estimate{Plan: 8 * mib}},
		{
			name: "a run whose records do not fit", estimate: artifact.Estimate{Plan: 8*mib + 1},
			want: artifact.LimitRun, says: []string{"16.0 MiB", "8.0 MiB", "spec.scope", "nothing was written"},
		},
		{
			name: "a run whose journal does not fit", estimate: artifact.Estimate{Operations: 60_000},
			want: artifact.LimitRun, says: []string{"17.2 MiB", "60000 operations"},
		},
		{
			name: "the new state beside the old does not fit the task", usage: artifact.Usage{Task: 40 * mib, All: 40 * mib},
			estimate: artifact.Estimate{Plan: 2 * mib, State: 5 * mib},
			want:     artifact.LimitTask, says: []string{"49.0 MiB", "48.0 MiB", "delete old runs"},
		},
		{
			name: "the other tasks leave no room", usage: artifact.Usage{Task: 0, All: 127 * mib},
			estimate: artifact.Estimate{Plan: mib},
			want:     artifact.LimitAll, says: []string{"129.0 MiB", "128.0 MiB", "all tasks of the namespace"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := budget.Check(c.usage, c.estimate)
			var over *artifact.BudgetError
			if !errors.As(err, &over) {
				if err != nil || c.want != "" {
					t.Errorf("got error %v, want limit %q", err, c.want)
				}
				return
			}
			if over.Limit != c.want {
				t.Errorf("got limit %q, want %q: %v", over.Limit, c.want, err)
			}
			for _, word := range c.says {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%q does not say %q", err, word)
				}
			}
		})
	}
}
