package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sample has each form in which bindings tell of an attribute or a block.
const sample = `
function thingPartToHclTerraform(struct) {
    const attrs = {
        sizes: {
            value: cdktn.listMapperHcl(cdktn.numberToHclTerraform, false)(struct.sizes),
            isBlock: false,
            type: "set",
            storageClassType: "numberList",
        },
    };
}
class ThingPartOutputReference extends cdktn.ComplexObject {
    // sizes - computed: false, optional: false, required: true
    get sizes() {
        return cdktn.Fn.tolist(this.getNumberListAttribute('sizes'));
    }
}
class ThingEntryOutputReference extends cdktn.ComplexObject {
    // host - computed: true, optional: false, required: false
    get host() {
        return this.getStringAttribute('host');
    }
}
class Thing extends cdktn.TerraformResource {
    // arn - computed: true, optional: false, required: false
    get arn() {
        return this.getStringAttribute('arn');
    }
    // names - computed: true, optional: false, required: false
    get names() {
        return cdktn.Fn.tolist(this.getListAttribute('names'));
    }
    // entry - computed: true, optional: false, required: false
    _entry = new ThingEntryList(this, "entry", true);
    get entry() {
        return this._entry;
    }
    // tags - computed: false, optional: true, required: false
    get tags() {
        return this.getStringMapAttribute('tags');
    }
    // public - computed: true, optional: true, required: false
    get public() {
        return this.getBooleanAttribute('public');
    }
    // part - computed: false, optional: false, required: true
    _part = new ThingPartList(this, "part", true);
    // only - computed: false, optional: true, required: false
    _only = new ThingPartOutputReference(this, "only");
    // timeouts - computed: false, optional: true, required: false
    _timeouts = new ThingPartOutputReference(this, "timeouts");
    synthesizeHclAttributes() {
        const attrs = {
            tags: {
                value: cdktn.hashMapperHcl(cdktn.stringToHclTerraform)(this._tags),
                isBlock: false,
                type: "map",
                storageClassType: "stringMap",
            },
            public: {
                value: cdktn.booleanToHclTerraform(this._public),
                isBlock: false,
                type: "simple",
                storageClassType: "boolean",
            },
            part: {
                value: cdktn.listMapperHcl(thingPartToHclTerraform, true)(this._part.internalValue),
                isBlock: true,
                type: "list",
                storageClassType: "ThingPartList",
            },
            only: {
                value: thingPartToHclTerraform(this._only.internalValue),
                isBlock: true,
                type: "list",
                storageClassType: "ThingPartList",
            },
            timeouts: {
                value: thingPartToHclTerraform(this._timeouts.internalValue),
                isBlock: true,
                type: "struct",
                storageClassType: "ThingPart",
            },
        };
    }
}
`

func TestBindingsAreReadAsTheSchemaThatTheyWereMadeOf(t *testing.T) {
	got, err := parse(sample).root()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	const part = `"block":{"attributes":{"sizes":{"type":["set","number"],"required":true}}}`
	want := `{"attributes":{` +
		`"arn":{"type":"string","computed":true},` +
		`"entry":{"type":["set",["object",{"host":"string"}]],"computed":true},` +
		`"names":{"type":["set","string"],"computed":true},` +
		`"public":{"type":"bool","optional":true,"computed":true},` +
		`"tags":{"type":["map","string"],"optional":true}},` +
		`"block_types":{` +
		`"only":{"nesting_mode":"list",` + part + `,"max_items":1},` +
		`"part":{"nesting_mode":"list",` + part + `,"min_items":1},` +
		`"timeouts":{"nesting_mode":"single",` + part + `}}}`
	if string(text) != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}

func TestWhatTheBindingsDoNotTellIsSaid(t *testing.T) {
	for says, text := range map[string]string{
		"there is no class of a resource": "class Other {}\n",
		"size: neither how it is set":     "class Thing extends cdktn.TerraformResource {\n    // size - computed: true, optional: false, required: false\n}\n",
	} {
		if _, err := parse(text).root(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want it to say %q", err, says)
		}
	}
}

func TestResourcesAreThoseOfTheTerraformFiles(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := used([]string{folder}); err == nil {
		t.Error("a folder without Terraform files has resources")
	}
	write("main.tf", "resource \"aws_b\" \"x\" {}\nresource \"aws_a\" \"x\" {}\ndata \"aws_c\" \"x\" {}\n")
	write("examples/one/main.tf", "resource \"aws_a\" \"y\" {}\n")
	write("README.md", "resource \"aws_d\" \"x\" {}\n")
	resources, data, err := used([]string{folder})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(resources, " ") + ", " + strings.Join(data, " "); got != "aws_a aws_b, aws_c" {
		t.Errorf("got %s", got)
	}
}
