//go:build e2e

package e2e

import (
	"context"
	"strings"
	"testing"

	goldap "github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// TestSourceDiesWhileRead kills the source's pod in the middle of its answer. Half an answer removes nobody.
func TestSourceDiesWhileRead(t *testing.T) {
	t.Parallel()
	const size = 20
	w := newWorld(t)
	// With this overlay the server sleeps before it sends an entry that asks for it.
	source := w.directory("source", directoryOptions{ldif: crowd(size), database: "overlay retcode\nretcode-parent cn=unused," + suffix + "\nretcode-indir\n"})
	target := w.directory("target", directoryOptions{ldif: bases("company")})
	w.task("company.yaml", "company")
	w.succeeds("first", "company")

	conn := source.connect()
	sleeper := goldap.NewAddRequest("uid=sleeper,ou=people,"+suffix, nil)
	for name, values := range map[string][]string{
		"objectClass": {"inetOrgPerson", "errAuxObject"}, "uid": {"sleeper"}, "cn": {"Sleeper"}, "sn": {"Sleeper"},
		"errCode": {"0"}, "errOp": {"search"}, "errSleepTime": {"120"},
	} {
		sleeper.Attribute(name, values)
	}
	if err := conn.Add(sleeper); err != nil {
		t.Fatal(err)
	}
	w.start("broken", "company")
	read := `ENTRY dn="uid=` + login(size) + `,ou=people,` + suffix + `"`
	before, err := source.log(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.eventually("the run to be in the middle of its read", func(ctx context.Context) (bool, error) {
		log, err := source.log(ctx)
		return strings.Count(log, read) > strings.Count(before, read), err
	})
	source.kill()

	w.expectEnd(w.await("broken"), v1alpha1.PhaseFailed, v1alpha1.ReasonUnreachable, "ldap://source")
	w.expectCondition("company", v1alpha1.ConditionSourceReady, v1alpha1.ReasonUnreachable, "ldap://source")
	w.everyoneIsThere(target, size)
}
