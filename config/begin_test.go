package config

import (
	"context"
	"io/fs"
	"testing"
	"testing/fstest"
)

// opened is a file system that remembers what was opened.
type opened struct {
	fstest.MapFS
	names map[string]bool
}

func (o opened) Open(name string) (fs.File, error) {
	o.names[name] = true
	return o.MapFS.Open(name)
}

func (o opened) ReadFile(name string) ([]byte, error) {
	o.names[name] = true
	return o.MapFS.ReadFile(name)
}

func TestBeginReadsNoTable(t *testing.T) {
	files := opened{fstest.MapFS{
		"isa.hcl": {Data: []byte(`
isa {
  state "local" {
    path = "${local.where}/acme.json"
  }
}
tenant {
  domain    = "acme.co.kr"
  domain_id = 7
}
locals {
  where = "kept"
  staff = sheet("staff.csv")
}
org_unit "u" {
  for_each = { for r in local.staff : r["사번"] => r }
  name     = each.value["이름"]
}
`)},
		"staff.csv": {Data: []byte("사번,이름\n1,하나\n2,둘\n")},
	}, map[string]bool{}}
	r := Begin(context.Background(), ".", Options{Kinds: toyKinds(), FS: files})
	c := r.Config()
	if c.Isa.StatePath != "kept/acme.json" || len(c.Tenant.Companies) != 1 || c.Tenant.Companies[0].DomainID != 7 {
		t.Errorf("begun: %+v %+v", c.Isa, c.Tenant)
	}
	if files.names["staff.csv"] || len(c.Objects) > 0 {
		t.Errorf("the table was read for %d objects", len(c.Objects))
	}
	c, list := r.Finish()
	if list.HasErrors() || len(c.Objects) != 2 || !files.names["staff.csv"] {
		t.Errorf("finished: %d objects, %v", len(c.Objects), list)
	}
}
