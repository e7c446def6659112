package ldap_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/connector/ldap"
	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
	"synccenter.dev/synccenter/internal/directory"
)

const (
	closedBase = "ou=closed," + slapdtest.Suffix
	hiddenBase = "ou=hidden," + slapdtest.Suffix
)

// checkedServer has people and departments, and a reader who may write below Org alone, not to every attribute, and not read everything.
func checkedServer(t *testing.T) *slapdtest.Server {
	t.Helper()
	var ldif strings.Builder
	ldif.WriteString(slapdtest.Unit("ou=sales,"+slapdtest.Org) + slapdtest.Unit(closedBase) + slapdtest.Unit(hiddenBase) + slapdtest.Unit("ou=deep,"+slapdtest.Suffix) + slapdtest.Unit("ou=team,ou=deep,"+slapdtest.Suffix))
	ldif.WriteString(people(1))
	for i := range 12 {
		fmt.Fprintf(&ldif, "dn: uid=user%[1]d,%[2]s\nobjectClass: inetOrgPerson\nuid: user%[1]d\ncn: User %[1]d\nsn: %[1]d\nmail: user%[1]d@example.com\nemployeeNumber: hr#%[1]d\ntitle: x\n\n", i, slapdtest.Org)
	}
	to := func(what, rights string) string {
		return "access to " + what + " by dn.exact=" + slapdtest.ReaderDN + " " + rights + " by * break\n"
	}
	return slapdtest.Start(t, slapdtest.Options{LDIF: ldif.String(), Database: to("dn.subtree="+slapdtest.Org+" attrs=mail", "none") +
		to("dn.subtree="+slapdtest.Org+" attrs=title", "read") + to("dn.subtree="+slapdtest.Org, "write") +
		to("dn.exact="+closedBase+" attrs=entryUUID", "none") + to("dn.exact="+hiddenBase, "none") +
		to("dn.subtree=ou=team,ou=deep,"+slapdtest.Suffix, "write") +
		"access to * by anonymous auth by * read\ndatabase monitor\naccess to * by * read"})
}

// checkedConfig has the users of the checked server below its departments.
func checkedConfig(s *slapdtest.Server) ldap.Config {
	config := configOf(s, slapdtest.Tree{People: slapdtest.Org, Org: slapdtest.Org})
	config.Users.Layout = ldap.ByDepartment
	config.Users.Disable = &ldap.Disable{Attribute: "employeeType", Disabled: "off"}
	return config
}

func asReader(c *ldap.Config) { c.BindDN, c.Password = slapdtest.ReaderDN, slapdtest.ReaderPassword }

// checked makes a whole check and answers with its steps.
func checked(t *testing.T, config ldap.Config, target bool, ahead time.Duration, fields ...string) []connector.Step {
	t.Helper()
	now := func() time.Time { return time.Now().Add(ahead) }
	checker := ldap.NewSourceChecker(config, now)
	if target {
		checker = ldap.NewTargetChecker(config, now)
	}
	defer checker.Close()
	steps := checker.Reach(t.Context())
	for _, step := range steps {
		if step.Mark == connector.Failed {
			return steps
		}
	}
	return append(steps, checker.Use(t.Context(), map[directory.Kind][]string{directory.User: fields})...)
}

func list(steps []connector.Step) string {
	var b strings.Builder
	for _, step := range steps {
		fmt.Fprintf(&b, "%s %s (%s): %s\n", step.Mark, step.Name, step.Class, step.Message)
	}
	return b.String()
}

// expectStep fails the test unless the step is there, and nothing but it failed.
func expectStep(t *testing.T, steps []connector.Step, name string, mark connector.Mark, class connector.Class, text string) {
	t.Helper()
	found := false
	for _, step := range steps {
		if step.Name == name && step.Mark == mark && step.Class == class && strings.Contains(step.Message, text) {
			found = true
		} else if step.Mark == connector.Failed {
			t.Errorf("another step failed: %s: %s", step.Name, step.Message)
		}
	}
	if !found {
		t.Errorf("no step %q is %s with class %q and %q:\n%s", name, mark, class, text, list(steps))
	}
	if strings.Contains(list(steps), slapdtest.AdminPassword) || strings.Contains(list(steps), slapdtest.ReaderPassword) {
		t.Error("a step holds a password")
	}
}

func TestACheckNamesTheStepThatIsWrong(t *testing.T) {
	t.Parallel()
	s := checkedServer(t)
	named := slapdtest.Start(t, slapdtest.Options{Hosts: []string{"ldap.example.com"}})
	limited := slapdtest.Start(t, slapdtest.Options{Database: "limits dn.exact=" + slapdtest.ReaderDN + " size=5", LDIF: people(9)})
	for name, test := range map[string]struct {
		change func(*ldap.Config)
		step   string
		mark   connector.Mark
		class  connector.Class
		text   string
	}{
		"wrong host name":              {func(c *ldap.Config) { c.URLs = []string{"ldap://directory.invalid"} }, "name", connector.Failed, connector.Unavailable, `"directory.invalid" cannot be resolved (no such host): correct the host in urls`},
		"a name that is fine":          {func(c *ldap.Config) { c.URLs[0] = strings.Replace(c.URLs[0], "127.0.0.1", "localhost", 1) }, "name", connector.Passed, "", "localhost is "},
		"refused port":                 {func(c *ldap.Config) { c.URLs = []string{"ldap://127.0.0.1:1"} }, "connection", connector.Failed, connector.Unavailable, "correct host and port in urls"},
		"wrong authority":              {func(c *ldap.Config) { c.URLs, c.CA = []string{s.TLSURL}, named.CA }, "certificate", connector.Failed, connector.Untrusted, "caBundleRef"},
		"another name":                 {func(c *ldap.Config) { c.URLs, c.CA = []string{named.TLSURL}, named.CA }, "certificate", connector.Failed, connector.Untrusted, "another name"},
		"a bundle of nothing":          {func(c *ldap.Config) { c.CA = []byte("x") }, "settings", connector.Failed, connector.Untrusted, "PEM"},
		"expires soon":                 {func(c *ldap.Config) { c.URLs, c.CA = []string{s.TLSURL}, s.CA }, "certificate", connector.Warning, "", "expires at"},
		"plain text":                   {func(*ldap.Config) {}, "encryption", connector.Warning, "", "plain text"},
		"wrong password":               {func(c *ldap.Config) { c.Password = "wrong" }, "login", connector.Failed, connector.Credentials, "Secret"},
		"empty password":               {func(c *ldap.Config) { c.Password = "" }, "login", connector.Failed, connector.Credentials, "empty"},
		"base missing":                 {func(c *ldap.Config) { c.Users.BaseDN = "ou=nowhere," + slapdtest.Suffix }, "users.baseDN", connector.Failed, connector.NotFound, "correct users.baseDN"},
		"IDs are hidden":               {func(c *ldap.Config) { asReader(c); c.Users.BaseDN = closedBase }, "users.baseDN", connector.Failed, connector.Invalid, "entryUUID"},
		"base is hidden":               {func(c *ldap.Config) { asReader(c); c.Users.BaseDN = hiddenBase }, "users.baseDN", connector.Failed, connector.NotFound, "hidden"},
		"an attribute that nobody has": {func(c *ldap.Config) { asReader(c) }, "read users", connector.Warning, "", "none has a value for mail: if that is not so"},
		"the second server":            {func(c *ldap.Config) { c.URLs = []string{"ldap://127.0.0.1:1", s.URL} }, "connection 127.0.0.1:1", connector.Warning, "", "refused"},
		"a limit of the server": {func(c *ldap.Config) {
			asReader(c)
			c.URLs, c.Users.Layout, c.Users.BaseDN = []string{limited.URL}, ldap.Flat, slapdtest.People
		}, "read users", connector.Failed, connector.Incomplete, "size limit"},
		"the server's clock": {func(*ldap.Config) {}, "clock", connector.Passed, "", "differs by"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := checkedConfig(s)
			test.change(&config)
			expectStep(t, checked(t, config, false, 0, "cn", "mail"), test.step, test.mark, test.class, test.text)
		})
	}
}

func TestARefusedLoginIsNotTriedOnTheNextServer(t *testing.T) {
	t.Parallel()
	s := checkedServer(t)
	config := checkedConfig(s)
	config.URLs, config.Password = []string{s.URL, "ldap://localhost:" + strings.Split(s.Addr, ":")[1]}, "wrong"
	steps := checked(t, config, false, 0)
	logins := 0
	for _, step := range steps {
		if strings.HasPrefix(step.Name, "login") && step.Mark == connector.Failed {
			logins++
		}
	}
	if logins != 1 || !strings.Contains(list(steps), "Skipped login localhost") {
		t.Errorf("want one login that failed and one that was not tried:\n%s", list(steps))
	}
}

func TestAClockThatDiffersIsAWarning(t *testing.T) {
	t.Parallel()
	s := checkedServer(t)
	expectStep(t, checked(t, checkedConfig(s), false, 10*time.Minute), "clock", connector.Warning, "", "differs by 10m")
	silent := slapdtest.Start(t, slapdtest.Options{})
	expectStep(t, checked(t, checkedConfig(silent), false, 0), "clock", connector.Skipped, "", "does not tell its time")
}

func TestACheckOfATargetProvesItsRights(t *testing.T) {
	t.Parallel()
	s := checkedServer(t)
	for name, test := range map[string]struct {
		change func(*ldap.Config)
		fields []string
		step   string
		mark   connector.Mark
		class  connector.Class
		text   string
	}{
		"a right to create is not proven": {asReader, nil, "create users", connector.Skipped, "", "the first run tells"},
		"a writer changes":                {asReader, []string{"cn", "sn", "manager", "jpegPhoto"}, "change users", connector.Passed, "", "may change cn, sn, manager, employeeType, employeeNumber"},
		"an attribute's right":            {asReader, []string{"cn", "title"}, "change users", connector.Failed, connector.Permission, "may not change are title"},
		"nothing may be changed": {func(c *ldap.Config) { asReader(c); c.Users.BaseDN, c.Users.Layout = slapdtest.People, ldap.Flat }, []string{"cn"},
			"change users", connector.Failed, connector.Permission, "may not change are cn"},
		"nobody to change":      {func(c *ldap.Config) { c.Users.BaseDN, c.Users.Layout = "ou=deep,"+slapdtest.Suffix, ldap.Flat }, nil, "change users", connector.Skipped, "", "no users yet"},
		"the mark is allowed":   {func(*ldap.Config) {}, nil, "users.mark", connector.Passed, "", "employeeNumber"},
		"the mark is refused":   {func(c *ldap.Config) { c.Departments.Mark = "employeeNumber" }, nil, "departments.mark", connector.Failed, connector.Invalid, "employeeNumber"},
		"disable is refused":    {func(c *ldap.Config) { c.Users.Disable.Attribute = "ou2" }, nil, "users.disable.attribute", connector.Failed, connector.Invalid, "ou2"},
		"no such object class":  {func(c *ldap.Config) { c.Users.ObjectClasses = []string{"robot"} }, nil, "users.objectClasses", connector.Failed, connector.Invalid, "robot"},
		"a mapped secret field": {func(*ldap.Config) {}, []string{"nothing"}, "read users", connector.Failed, connector.Invalid, "nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := checkedConfig(s)
			test.change(&config)
			expectStep(t, checked(t, config, true, 0, test.fields...), test.step, test.mark, test.class, test.text)
		})
	}
}

func TestACheckWritesNothing(t *testing.T) {
	t.Parallel()
	s := checkedServer(t)
	state := func() string {
		result, err := s.Conn(t).Search(&goldap.SearchRequest{BaseDN: slapdtest.Suffix, Scope: goldap.ScopeWholeSubtree, Filter: "(objectClass=*)", Attributes: []string{"*", "+"}})
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, entry := range result.Entries {
			lines = append(lines, fmt.Sprintln(entry.DN, entry.GetAttributeValue("entryCSN"), len(entry.Attributes)))
		}
		slices.Sort(lines)
		return strings.Join(lines, "")
	}
	before := state()
	config := checkedConfig(s)
	for _, change := range []func(*ldap.Config){func(*ldap.Config) {}, asReader, func(c *ldap.Config) { asReader(c); c.Departments.BaseDN = "ou=deep," + slapdtest.Suffix }} {
		change(&config)
		checked(t, config, true, 0, "cn", "sn", "title", "mail")
	}
	if after := state(); after != before {
		t.Errorf("the directory was\n%s\nand is\n%s", before, after)
	}
}

// people are users below People.
func people(count int) string {
	var b strings.Builder
	for i := range count {
		fmt.Fprintf(&b, "dn: uid=p%[1]d,%[2]s\nobjectClass: inetOrgPerson\nuid: p%[1]d\ncn: p\nsn: p\n\n", i, slapdtest.People)
	}
	return b.String()
}

// TestACheckLeavesTheServerSound: OpenLDAP's control for writes that are not done, which a check once used, left databases behind in which an
// attribute that was new to them got the name of another one.
func TestACheckLeavesTheServerSound(t *testing.T) {
	t.Parallel()
	s := slapdtest.Start(t, slapdtest.Options{LDIF: people(1)})
	config := configOf(s, slapdtest.Tree{People: slapdtest.People, Org: slapdtest.Org})
	checked(t, config, true, 0, "cn", "title", "description", "mail")
	conn := s.Conn(t)
	attributes := []string{"mail", "title", "description", "employeeNumber", "mobile"}
	for _, name := range attributes {
		request := goldap.NewAddRequest("cn="+name+","+slapdtest.People, nil)
		request.Attribute("objectClass", []string{"inetOrgPerson"})
		for _, each := range []string{"cn", "sn", name} {
			request.Attribute(each, []string{name})
		}
		if err := conn.Add(request); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range attributes {
		result, err := conn.Search(&goldap.SearchRequest{BaseDN: "cn=" + name + "," + slapdtest.People, Filter: "(objectClass=*)"})
		if err != nil || len(result.Entries) != 1 || result.Entries[0].GetAttributeValue(name) != name || result.Entries[0].GetAttributeValue("sn") != name {
			t.Errorf("the entry with %s was damaged: %v %v", name, result, err)
		}
	}
}
