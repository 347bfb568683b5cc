package elb

import "testing"

func FuzzAMatcherTakesOnlyCodesItCanMatch(f *testing.F) {
	for _, seed := range []string{"200", "200-399", "200,204,300-308", "", ",", "2xx", "399-200", "200-", "-1", "99999999999999999999"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := parseMatcher(text)
		if err != nil {
			return
		}
		if m.match(199) || m.match(500) {
			t.Errorf("%q matches a code outside of 200 to 499", text)
		}
		for _, r := range m {
			if !m.match(r[0]) || !m.match(r[1]) {
				t.Errorf("%q does not match the ends of its range %v", text, r)
			}
		}
	})
}
