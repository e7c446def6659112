package runner_test

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
	"synccenter.dev/synccenter/internal/definition"
	"synccenter.dev/synccenter/internal/inspection"
	"synccenter.dev/synccenter/internal/runner"
)

// inspections keeps one inspection in memory.
type inspections struct {
	stored   inspection.Inspection
	revision int
	// meanwhile is done once, before the first write.
	meanwhile func(*inspection.Inspection)
	// budget is what the answer may take; 0 is the default.
	budget int64
}

func (s *inspections) Load(context.Context) (*inspection.Inspection, string, error) {
	stored := s.stored
	return &stored, fmt.Sprint(s.revision), nil
}

func (s *inspections) Replace(_ context.Context, i *inspection.Inspection, revision string) error {
	if do := s.meanwhile; do != nil {
		s.meanwhile = nil
		do(&s.stored)
		s.revision++
	}
	if revision != fmt.Sprint(s.revision) {
		return artifact.ErrConflict
	}
	s.stored = *i
	s.revision++
	return nil
}

// inspect answers one request of a world.
func (w *world) inspect(request inspection.Request, change func(*inspections)) *inspection.Inspection {
	w.t.Helper()
	request.ID = "0123456789"
	run := &v1alpha1.SyncRun{ObjectMeta: metav1.ObjectMeta{Name: "hr-look", UID: "look"}, Spec: v1alpha1.SyncRunSpec{TaskRef: v1alpha1.TaskReference{Name: "hr"}}}
	asked, err := inspection.New(request, definition.New(w.task, run, 0), w.now())
	if err != nil {
		w.t.Fatal(err)
	}
	kept := &inspections{stored: *asked}
	if change != nil {
		change(kept)
	}
	inspector := &runner.Inspector{
		Store: w.store, Inspections: kept, Connect: w.mounts, Budget: cmp.Or(kept.budget, artifact.DefaultBudget().Run), Now: w.now,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	if err := inspector.Inspect(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	if kept.stored.Ended == nil || len(kept.stored.Definition) > 0 {
		w.t.Fatalf("the inspection has not ended: %+v", kept.stored)
	}
	return &kept.stored
}

func TestCheckOfATask(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change         func(*world)
		source, target v1alpha1.Reason
		// text stands in the message of the end that is not connected.
		text string
	}{
		"all is well":      {func(*world) {}, v1alpha1.ReasonConnected, v1alpha1.ReasonConnected, ""},
		"no Secret":        {func(w *world) { w.task.Spec.Target.LDAP.CredentialsSecretRef.Name = "other" }, v1alpha1.ReasonConnected, v1alpha1.ReasonSecretMissing, `target: Secret "other" does not exist in the task's namespace`},
		"an empty Secret":  {func(w *world) { w.emptySecret("none"); w.task.Spec.Target.LDAP.CredentialsSecretRef.Name = "none" }, v1alpha1.ReasonConnected, v1alpha1.ReasonSecretMissing, `target: Secret "none" does not exist in the task's namespace, or has no keys`},
		"a key is missing": {func(w *world) { w.removeKey("password") }, v1alpha1.ReasonSecretMissing, v1alpha1.ReasonSecretMissing, `Secret "ldap" exists, but has no key "password"`},
		"a wrong password": {func(w *world) { w.writeSecret("ldap", map[string]string{"password": "wrong"}) }, v1alpha1.ReasonCredentialsRejected, v1alpha1.ReasonCredentialsRejected, `with the login of Secret "ldap"`},
		"no ConfigMap": {func(w *world) {
			w.task.Spec.Sources[0].LDAP.CABundleRef = &v1alpha1.ConfigMapKeyReference{Name: "ca", Key: "ca.crt"}
		}, v1alpha1.ReasonConfigMapMissing, v1alpha1.ReasonConnected, `source: ConfigMap "ca" does not exist`},
		"a server is away":  {func(w *world) { w.task.Spec.Sources[0].LDAP.URLs = []string{"ldap://127.0.0.1:1"} }, v1alpha1.ReasonUnreachable, v1alpha1.ReasonConnected, "refused"},
		"no such base":      {func(w *world) { w.task.Spec.Sources[0].LDAP.Users.BaseDN = "ou=nowhere," + slapdtest.Suffix }, v1alpha1.ReasonBaseNotFound, v1alpha1.ReasonConnected, "ou=nowhere"},
		"a mark is refused": {func(w *world) { w.task.Spec.Target.LDAP.Departments.Mark = "employeeNumber" }, v1alpha1.ReasonConnected, v1alpha1.ReasonInvalidConnection, "employeeNumber"},
		"a field that the source has not": {func(w *world) {
			w.task.Spec.Mappings.Users = append(w.task.Spec.Mappings.Users, v1alpha1.Mapping{To: "title", From: "rank"})
		}, v1alpha1.ReasonConnected, v1alpha1.ReasonInvalidDefinition, `mappings.users[5]`},
		"a filter about what is not there": {func(w *world) { w.task.Spec.Scope.Users.Filter = "user.rank == '1'" }, v1alpha1.ReasonInvalidDefinition, v1alpha1.ReasonConnected, "rank"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.company()
			test.change(w)
			found := w.inspect(inspection.Request{Check: true}, nil).Check
			if found == nil || found.Source.Reason != string(test.source) || found.Target.Reason != string(test.target) {
				t.Fatalf("got %+v", found)
			}
			for _, end := range []inspection.End{found.Source, found.Target} {
				if end.Reason != string(v1alpha1.ReasonConnected) && !strings.Contains(end.Message, test.text) {
					t.Errorf("the message is %q, want %q in it", end.Message, test.text)
				}
				if len(end.Steps) == 0 || strings.Contains(fmt.Sprint(end), slapdtest.AdminPassword) {
					t.Errorf("no steps, or a password in them: %+v", end)
				}
			}
		})
	}
}

// emptySecret plays the kubelet that mounts a Secret which does not exist.
func (w *world) emptySecret(name string) {
	w.t.Helper()
	if err := os.MkdirAll(filepath.Join(w.mounts.Secrets, name, "..2026_11_27"), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Symlink("..2026_11_27", filepath.Join(w.mounts.Secrets, name, "..data")); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) removeKey(key string) {
	w.t.Helper()
	if err := os.Remove(filepath.Join(w.mounts.Secrets, "ldap", key)); err != nil {
		w.t.Fatal(err)
	}
}

func TestAnAnswerOutlivesTheTroubleBeforeIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	found := w.inspect(inspection.Request{Check: true}, func(s *inspections) {
		s.meanwhile = func(i *inspection.Inspection) { i.Trouble = "the image is slow" }
	})
	if found.Check == nil || found.Trouble != "" {
		t.Errorf("got %+v", found)
	}
}
