package v1alpha1_test

import (
	"fmt"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// minimalTask is the least that a task says; the tests merge their case into it.
const minimalTask = `
apiVersion: synccenter.dev/v1alpha1
kind: SyncTask
metadata: {name: hr}
spec:
  sources:
  - name: hr
    type: LDAP
    ldap: {urls: ["ldaps://hr.example.com"], users: {baseDN: "ou=people,dc=example,dc=com"}}
  target:
    type: LDAP
    ldap: {urls: ["ldaps://ldap.example.com"], users: {baseDN: "ou=people,dc=example,dc=com"}}
`

const minimalRun = `
apiVersion: synccenter.dev/v1alpha1
kind: SyncRun
metadata: {name: hr-first}
spec: {taskRef: {name: hr}}
`

const minimalApproval = `
apiVersion: synccenter.dev/v1alpha1
kind: SyncApproval
metadata: {name: leavers}
spec:
  taskRef: {name: hr}
  decision: Approve
  approvedBy: alice
  deletions: {listDigest: "sha256:12"}
`

const minimalArtifact = `
apiVersion: synccenter.dev/v1alpha1
kind: SyncArtifact
metadata: {name: records-1-0}
stream: records
type: Chunk
writer: {run: hr-first, uid: 4a1b, attempt: 1}
data: YWJj
`

func TestRefusedOnCreate(t *testing.T) {
	long := strings.Repeat("a", 57)
	tests := map[string]struct {
		base, change string
		// want are parts of the message: the path, and how to mend it.
		want []string
	}{
		"task name too long":        {minimalTask, `{metadata: {name: ` + long[:41] + `}}`, []string{"at most 40", "spec.displayName"}},
		"task name with a dot":      {minimalTask, `{metadata: {name: a.b}}`, []string{"letters, digits and dashes"}},
		"unknown field":             {minimalTask, `{spec: {colour: red}}`, []string{`unknown field "spec.colour"`}},
		"unknown connector":         {minimalTask, `{spec: {target: {type: Feishu}}}`, []string{"spec.target.type", `"LDAP"`}},
		"source without its member": {minimalTask, `{spec: {sources: [{name: hr, type: LDAP}]}}`, []string{"spec.sources[0].ldap", "needs the member ldap"}},
		"target without its member": {minimalTask, `{spec: {target: {ldap: null}}}`, []string{"spec.target.ldap", "needs the member ldap"}},
		"no source":                 {minimalTask, `{spec: {sources: []}}`, []string{"spec.sources", "at least 1"}},
		"two sources": {minimalTask, `{spec: {sources: [{name: a, type: LDAP, ldap: {urls: ["ldap://a"], users: {baseDN: "dc=a"}}}, {name: b, type: LDAP, ldap: {urls: ["ldap://a"], users: {baseDN: "dc=a"}}}]}}`,
			[]string{"spec.sources", "at most 1"}},
		"Disable with two equal words": {minimalTask, `{spec: {target: {ldap: {users: {disable: {attribute: employeeType, disabled: x, enabled: x}}}}}}`, []string{"users.disable", "different values"}},
		"numbers for departments": {minimalTask, `{spec: {mappings: {departments: [{to: ou, from: ou, doubles: Number}]}}}`,
			[]string{"spec.mappings", "for rows of users"}},
		"a number behind a number": {minimalTask, `{spec: {mappings: {users: [{to: uid, from: uid, doubles: Number, type: Int}]}}}`,
			[]string{"spec.mappings.users[0]", "leave type out"}},
		"a number behind a secret": {minimalTask, `{spec: {mappings: {users: [{to: uid, from: uid, doubles: Number, sensitive: true}]}}}`,
			[]string{"spec.mappings.users[0]", "leave out doubles or sensitive"}},
		"six pairs in a rule": {minimalTask, `{spec: {matching: {users: [{target: a, source: a, and: [{target: b, source: b}, {target: c, source: c}, {target: d, source: d}, {target: e, source: e}, {target: f, source: f}]}]}}}`,
			[]string{"spec.matching.users[0].and", "at most 4"}},
		"deleteAfter without Disable": {minimalTask, `{spec: {deletion: {users: {action: Delete, deleteAfter: 720h}}}}`, []string{"deletion.users.deleteAfter", "choose Disable"}},
		"deleteAfter too short":       {minimalTask, `{spec: {deletion: {users: {action: Disable, deleteAfter: 1s}}}}`, []string{"deletion.users.deleteAfter", "at least 1h"}},
		"not a duration":              {minimalTask, `{spec: {checkInterval: often}}`, []string{"spec.checkInterval"}},
		"checkInterval too short":     {minimalTask, `{spec: {checkInterval: 1s}}`, []string{"spec.checkInterval", "at least 1m"}},
		"ttl too short":               {minimalTask, `{spec: {history: {ttl: 1s}}}`, []string{"spec.history.ttl", "at least 1m"}},
		"window too long":             {minimalTask, `{spec: {guard: {removals: {window: 721h}}}}`, []string{"guard.removals.window", "between 1h and 720h"}},
		"percent over 100":            {minimalTask, `{spec: {guard: {shrink: {percent: 101}}}}`, []string{"guard.shrink.percent"}},
		"schedule missing":            {minimalTask, `{spec: {trigger: {mode: Scheduled}}}`, []string{"trigger.schedule", "needs a schedule"}},
		"schedule of a manual task":   {minimalTask, `{spec: {trigger: {schedule: {cron: "0 2 * * *"}}}}`, []string{"trigger.schedule", "mode Scheduled alone"}},
		"realTime of a manual task":   {minimalTask, `{spec: {trigger: {realTime: {}}}}`, []string{"trigger.realTime", "mode RealTime alone"}},
		"debounce too long":           {minimalTask, `{spec: {trigger: {mode: RealTime, realTime: {debounce: 1h}}}}`, []string{"realTime.debounce", "10m"}},
		"mapping row with nothing":    {minimalTask, `{spec: {mappings: {users: [{to: cn}]}}}`, []string{"mappings.users[0]", "exactly one of from"}},
		"mapping row with two":        {minimalTask, `{spec: {mappings: {departments: [{to: ou, from: ou, value: x}]}}}`, []string{"mappings.departments[0]", "exactly one of from"}},
		"mapping row twice":           {minimalTask, `{spec: {mappings: {users: [{to: cn, from: a}, {to: cn, from: b}]}}}`, []string{"mappings.users[1]", "Duplicate"}},
		"expression too long":         {minimalTask, `{spec: {mappings: {users: [{to: cn, expression: "` + strings.Repeat("a", 4097) + `"}]}}}`, []string{"expression", "4096"}},
		"filter too long":             {minimalTask, `{spec: {scope: {users: {filter: "` + strings.Repeat("a", 4097) + `"}}}}`, []string{"scope.users.filter", "4096"}},
		"url of another protocol":     {minimalTask, `{spec: {target: {ldap: {urls: ["http://a"]}}}}`, []string{"target.ldap.urls", "ldaps://host:port"}},
		"url with an account":         {minimalTask, `{spec: {target: {ldap: {urls: ["ldap://u:p@a"]}}}}`, []string{"target.ldap.urls", "credentialsSecretRef"}},
		"url with a base":             {minimalTask, `{spec: {target: {ldap: {urls: ["ldap://a/dc=a"]}}}}`, []string{"target.ldap.urls", "baseDN"}},
		"startTLS over ldaps":         {minimalTask, `{spec: {target: {ldap: {startTLS: true}}}}`, []string{"target.ldap.startTLS", "use ldap://"}},
		"ByDepartment without them":   {minimalTask, `{spec: {target: {ldap: {users: {layout: ByDepartment}}}}}`, []string{"target.ldap.users.layout", "OrganizationalUnits"}},
		"ByDepartment with Groups":    {minimalTask, `{spec: {target: {ldap: {users: {layout: ByDepartment}, departments: {type: Groups, baseDN: "dc=a"}}}}}`, []string{"target.ldap.users.layout", "OrganizationalUnits"}},
		"attribute and Groups":        {minimalTask, `{spec: {target: {ldap: {users: {departmentAttribute: {name: ou}}, departments: {type: Groups, baseDN: "dc=a"}}}}}`, []string{"target.ldap.users.departmentAttribute", "remove departmentAttribute"}},
		"attribute and ByDepartment":  {minimalTask, `{spec: {target: {ldap: {users: {layout: ByDepartment, departmentAttribute: {name: ou}}, departments: {baseDN: "dc=a"}}}}}`, []string{"target.ldap.users.departmentAttribute", "remove departmentAttribute"}},
		"filter without brackets":     {minimalTask, `{spec: {target: {ldap: {users: {filter: "uid=*"}}}}}`, []string{"target.ldap.users.filter"}},
		"attribute with a blank":      {minimalTask, `{spec: {target: {ldap: {users: {mark: "a b"}}}}}`, []string{"target.ldap.users.mark"}},
		"label of ours":               {minimalTask, `{spec: {execution: {podTemplate: {labels: {synccenter.dev/run: x}}}}}`, []string{"podTemplate.labels", "prefix of your own"}},
		"annotation of Kubernetes":    {minimalTask, `{spec: {execution: {podTemplate: {annotations: {container.apparmor.security.beta.kubernetes.io/run: x}}}}}`, []string{"podTemplate.annotations", "prefix of your own"}},
		"proxy with an account":       {minimalTask, `{spec: {execution: {podTemplate: {proxy: {url: "http://u:p@a:1"}}}}}`, []string{"proxy.url", "without an account"}},
		"host alias without an IP":    {minimalTask, `{spec: {execution: {podTemplate: {hostAliases: [{ip: here, hostnames: [a]}]}}}}`, []string{"hostAliases[0].ip", "IPv4 or IPv6"}},

		"run name too long":          {minimalRun, `{metadata: {name: ` + long + `}}`, []string{"at most 56", "generateName"}},
		"run without a task":         {minimalRun, `{spec: {taskRef: null}}`, []string{"spec.taskRef"}},
		"ApplyPlan without a member": {minimalRun, `{spec: {type: ApplyPlan}}`, []string{"spec.applyPlan", "go together"}},
		"member without ApplyPlan":   {minimalRun, `{spec: {applyPlan: {digest: d, runRef: {name: a, uid: b}}}}`, []string{"spec.applyPlan", "go together"}},
		"Deletions without a member": {minimalRun, `{spec: {type: Deletions}}`, []string{"spec.deletions", "go together"}},
		"Retry without a member":     {minimalRun, `{spec: {type: Retry}}`, []string{"spec.retry", "go together"}},
		"Undo without a member":      {minimalRun, `{spec: {type: Undo}}`, []string{"spec.undo", "go together"}},
		"only in an undo":            {minimalRun, `{spec: {type: Undo, undo: {runRef: {name: a, uid: b}}, only: {users: [a]}}}`, []string{"spec.only", "Sync and Plan"}},
		"only nobody":                {minimalRun, `{spec: {only: {}}}`, []string{"spec.only", "names nobody"}},
		"override without a reason":  {minimalRun, `{spec: {guardOverride: {shrink: {percent: 90}}}}`, []string{"spec.guardOverride.reason"}},

		"approval of nothing": {minimalApproval, `{spec: {deletions: null}}`, []string{"spec", "exactly one of plan and deletions"}},
		"approval of both":    {minimalApproval, `{spec: {plan: {digest: d, runRef: {name: a, uid: b}}}}`, []string{"spec", "exactly one of plan and deletions"}},
		"approval by nobody":  {minimalApproval, `{spec: {approvedBy: ""}}`, []string{"spec.approvedBy"}},
		"unknown decision":    {minimalApproval, `{spec: {decision: Perhaps}}`, []string{"spec.decision", `"Approve"`}},

		"artifact that is not base64": {minimalArtifact, `{data: "???"}`, []string{"data"}},
		"artifact too large":          {minimalArtifact, `{data: "` + strings.Repeat("YWJj", 350_001) + `"}`, []string{"data", "1400000"}},
		"artifact of no type":         {minimalArtifact, `{type: Blob}`, []string{"type", `"Chunk"`}},
	}
	namespace := server.Namespace(t)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			object := merged(t, test.base, test.change)
			object.SetNamespace(namespace)
			wantRefused(t, server.Client.Create(t.Context(), object, client.FieldValidation(metav1.FieldValidationStrict)), test.want)
		})
	}
}

func TestRefusedOnUpdate(t *testing.T) {
	tests := map[string]struct {
		base, first, second string
		want                []string
	}{
		"owner set later":         {minimalTask, `{}`, `{spec: {owner: payroll}}`, []string{"spec.owner", "immutable", "new task"}},
		"owner changed":           {minimalTask, `{spec: {owner: payroll}}`, `{spec: {owner: sales}}`, []string{"spec.owner", "immutable"}},
		"owner removed":           {minimalTask, `{spec: {owner: payroll}}`, `{spec: {owner: null}}`, []string{"spec.owner", "immutable"}},
		"run of another task":     {minimalRun, `{}`, `{spec: {taskRef: {name: other}}}`, []string{"immutable but for cancel", "new SyncRun"}},
		"run of another type":     {minimalRun, `{}`, `{spec: {type: Plan}}`, []string{"immutable but for cancel"}},
		"only added":              {minimalRun, `{}`, `{spec: {only: {users: [a]}}}`, []string{"immutable but for cancel"}},
		"only changed":            {minimalRun, `{spec: {only: {users: [a]}}}`, `{spec: {only: {users: [b]}}}`, []string{"immutable but for cancel"}},
		"only removed":            {minimalRun, `{spec: {only: {users: [a]}}}`, `{spec: {only: null}}`, []string{"immutable but for cancel"}},
		"override added":          {minimalRun, `{}`, `{spec: {guardOverride: {reason: x}}}`, []string{"immutable but for cancel"}},
		"requestedBy changed":     {minimalRun, `{spec: {requestedBy: alice}}`, `{spec: {requestedBy: bob}}`, []string{"immutable but for cancel"}},
		"plan to apply changed":   {minimalRun, `{spec: {type: ApplyPlan, applyPlan: {digest: d, runRef: {name: a, uid: b}}}}`, `{spec: {applyPlan: {digest: e}}}`, []string{"immutable but for cancel"}},
		"cancel taken back":       {minimalRun, `{spec: {cancel: true}}`, `{spec: {cancel: false}}`, []string{"spec.cancel", "cannot be taken back"}},
		"cancel removed":          {minimalRun, `{spec: {cancel: true}}`, `{spec: {cancel: null}}`, []string{"spec.cancel", "cannot be taken back"}},
		"approval changed":        {minimalApproval, `{}`, `{spec: {decision: Reject}}`, []string{"immutable", "make a new one"}},
		"chunk made a manifest":   {minimalArtifact, `{}`, `{type: Manifest}`, []string{"immutable"}},
		"artifact's other stream": {minimalArtifact, `{type: Manifest}`, `{stream: plan}`, []string{"immutable"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			object := merged(t, test.base, test.first)
			object.SetNamespace(server.Namespace(t))
			if err := server.Client.Create(t.Context(), object); err != nil {
				t.Fatalf("creating the object: %v", err)
			}
			wantRefused(t, server.Client.Patch(t.Context(), object, mergePatch(t, test.second)), test.want)
		})
	}
}

func TestAllowedOnUpdate(t *testing.T) {
	tests := map[string]struct{ base, first, second string }{
		"cancel":                {minimalRun, `{spec: {only: {users: [a]}, requestedBy: alice}}`, `{spec: {cancel: true}}`},
		"suspend":               {minimalTask, `{spec: {owner: payroll}}`, `{spec: {suspend: true}}`},
		"another target":        {minimalTask, `{}`, `{spec: {target: {ldap: {urls: ["ldap://other:1389"]}}}}`},
		"manifest replaced":     {minimalArtifact, `{type: Manifest}`, `{data: YWJk, writer: {run: hr-second}}`},
		"report replaced":       {minimalArtifact, `{type: Report}`, `{data: YWJk}`},
		"annotation on a chunk": {minimalArtifact, `{}`, `{metadata: {annotations: {a: b}}}`},
		"comment on metadata":   {minimalApproval, `{}`, `{metadata: {labels: {a: b}}}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			object := merged(t, test.base, test.first)
			object.SetNamespace(server.Namespace(t))
			if err := server.Client.Create(t.Context(), object); err != nil {
				t.Fatalf("creating the object: %v", err)
			}
			if err := server.Client.Patch(t.Context(), object, mergePatch(t, test.second)); err != nil {
				t.Errorf("changing the object: %v", err)
			}
		})
	}
}

// merged is a manifest with a change merged into it, as kubectl patch would.
func merged(t *testing.T, base, change string) *unstructured.Unstructured {
	t.Helper()
	into, from := map[string]any{}, map[string]any{}
	if err := yaml.Unmarshal([]byte(base), &into); err != nil {
		t.Fatalf("reading the manifest: %v", err)
	}
	if err := yaml.Unmarshal([]byte(change), &from); err != nil {
		t.Fatalf("reading the change %.200s: %v", change, err)
	}
	merge(into, from)
	return &unstructured.Unstructured{Object: into}
}

func merge(into, from map[string]any) {
	for key, value := range from {
		below, isMap := value.(map[string]any)
		existing, wasMap := into[key].(map[string]any)
		switch {
		case value == nil:
			delete(into, key)
		case isMap && wasMap:
			merge(existing, below)
		default:
			into[key] = value
		}
	}
}

func mergePatch(t *testing.T, change string) client.Patch {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte(change))
	if err != nil {
		t.Fatalf("reading the change: %v", err)
	}
	return client.RawPatch(types.MergePatchType, data)
}

// wantRefused checks that the API server refused the object, in the words wanted.
func wantRefused(t *testing.T, err error, want []string) {
	t.Helper()
	if !apierrors.IsInvalid(err) && !apierrors.IsBadRequest(err) {
		t.Fatalf("the API server answered %v; want a refusal with %q", err, want)
	}
	for _, part := range want {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the refusal %q does not say %q", fmt.Sprintf("%.1000s", err), part)
		}
	}
}
