package history

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/plan"
)

func TestFilter(t *testing.T) {
	li := user("li", plan.UpdateUser, plan.Succeeded)
	li.Name = "李雷"
	li.Changes = []plan.Change{{Field: "mail", Before: []string{"Old@Example.com"}, After: []string{"new@example.com"}}}
	han := user("han", plan.CreateUser, plan.Failed)
	han.Message = "the required field sn is missing"
	sales := department("sales", plan.SyncDepartmentMembers, plan.Succeeded)
	sales.Changes = []plan.Change{{Field: plan.FieldMembers, After: []string{"li"}, AfterNames: []string{"李雷"}}}
	all := []Record{li, han, sales}

	tests := []struct {
		name   string
		filter Filter
		want   []string
	}{
		{"none", Filter{}, []string{"li", "han", "sales"}},
		{"by subject", Filter{Subjects: []directory.Kind{directory.Department}}, []string{"sales"}},
		{"by one of several operations", Filter{Operations: []plan.OperationKind{plan.CreateUser, plan.UpdateUser}}, []string{"li", "han"}},
		{"by status", Filter{Statuses: []plan.Status{plan.Failed}}, []string{"han"}},
		{"by all at once", Filter{Subjects: []directory.Kind{directory.User}, Statuses: []plan.Status{plan.Succeeded}, Search: "雷"}, []string{"li"}},
		{"text in a name, or in the name of a reference", Filter{Search: "李"}, []string{"li", "sales"}},
		{"text in a value before, in any case", Filter{Search: "old@EXAMPLE"}, []string{"li"}},
		{"text in a message", Filter{Search: "required"}, []string{"han"}},
		{"text that is nowhere", Filter{Search: "nobody"}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for r, err := range test.filter.Of(sequence(all, nil)) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, r.SourceID)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestFilterKeepsTheError(t *testing.T) {
	broken := errors.New("the stream broke")
	filter := Filter{Search: "nobody"}
	var got error
	for _, err := range filter.Of(sequence([]Record{user("1", plan.NoUpdate, plan.Succeeded)}, broken)) {
		got = err
	}
	if !errors.Is(got, broken) {
		t.Errorf("want the error of the stream, got %v", got)
	}
}
