package runner_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/runner"
)

// TestASecretGoesToItsHostsAlone asks for a source at an address where no server is: either the Secret is refused, or the server is missed.
func TestASecretGoesToItsHostsAlone(t *testing.T) {
	const refused, tried = "may not be sent to", "127.0.0.1:1"
	for name, test := range map[string]struct {
		hosts []string
		urls  []string
		want  string
	}{
		"no list":             {nil, []string{"ldap://127.0.0.1:1"}, tried},
		"listed":              {[]string{"127.0.0.1"}, []string{"ldap://127.0.0.1:1"}, tried},
		"one of several":      {[]string{"ldap.example.com,\n127.0.0.1\n"}, []string{"ldap://127.0.0.1:1"}, tried},
		"in another case":     {[]string{"LOCALHOST 127.0.0.1"}, []string{"ldap://127.0.0.1:1", "ldap://localhost:1"}, tried},
		"not listed":          {[]string{"ldap.example.com"}, []string{"ldap://127.0.0.1:1"}, refused},
		"an empty list":       {[]string{""}, []string{"ldap://127.0.0.1:1"}, refused},
		"the second server":   {[]string{"127.0.0.1"}, []string{"ldap://127.0.0.1:1", "ldap://thief.example"}, refused},
		"a part of a name":    {[]string{"example.com"}, []string{"ldap://ldap.example.com"}, refused},
		"a name that ends so": {[]string{"ldap.example.com"}, []string{"ldap://x-ldap.example.com"}, refused},
	} {
		t.Run(name, func(t *testing.T) {
			secrets := t.TempDir()
			keys := map[string]string{"username": "cn=reader", "password": "hidden"}
			for _, hosts := range test.hosts {
				keys["hosts"] = hosts
			}
			if err := os.Mkdir(filepath.Join(secrets, "hr-ldap"), 0o700); err != nil {
				t.Fatal(err)
			}
			for key, value := range keys {
				if err := os.WriteFile(filepath.Join(secrets, "hr-ldap", key), []byte(value), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			spec := &v1alpha1.SyncTaskSpec{Sources: []v1alpha1.Source{{Name: "hr", Type: v1alpha1.ConnectorLDAP, LDAP: &v1alpha1.LDAPSource{
				LDAPConnection: v1alpha1.LDAPConnection{URLs: test.urls, CredentialsSecretRef: &v1alpha1.SecretReference{Name: "hr-ldap"}},
				Users:          v1alpha1.LDAPUsers{BaseDN: "ou=people,dc=hr,dc=example"},
			}}}}
			_, err := runner.Connectors{Secrets: secrets}.Source(t.Context(), spec)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hidden") {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}
