# meta.pl FOLDER: is META.json what PGXN asks for (Meta Spec 1.0.0), and does it
# agree with the extension beside it?  Prints the version.
use strict;
use warnings FATAL => 'all';

use JSON::PP ();

my $folder = $ARGV[0] // '.';

sub slurp
{
	my ($name) = @_;
	open my $file, '<:raw', "$folder/$name" or die "$name: $!\n";
	local $/;
	return scalar <$file>;
}

my $meta = eval { JSON::PP->new->utf8->decode(slurp('META.json')) } or die "META.json: $@";
my @wrong;

# The prototype keeps a match that fails from being an empty list.
sub must ($$)
{
	my ($holds, $what) = @_;
	push @wrong, $what unless $holds;
	return $holds;
}

# Terms as the specification writes them: at least two characters, no slash, no
# backslash, no control character; versions are three numbers.
my $term = qr{^[^[:cntrl:]/\\\s]{2,}$};
my $version = qr/^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-?[A-Za-z][-0-9A-Za-z]*)?$/;
my %known = map { $_ => 1 } qw(abstract description generated_by license maintainer meta-spec name no_index prereqs
  provides release_status resources tags version);

must($known{$_} || /^x_/i, "unknown key $_") for sort keys %$meta;
for my $key (qw(name version abstract license maintainer provides meta-spec))
{
	must(defined $meta->{$key} && $meta->{$key} ne '', "$key is missing");
}
must(($meta->{name} // '') =~ $term, 'name is no term');
must(($meta->{version} // '') =~ $version, 'version is not of three numbers');
must((ref $meta->{'meta-spec'} eq 'HASH' ? $meta->{'meta-spec'}{version} // '' : '') =~ /^1\.0\.\d+$/, 'meta-spec names no version 1.0');
must(($meta->{release_status} // 'stable') =~ /^(?:stable|testing|unstable)$/, 'release_status is unknown');
must(ref($meta->{license}) || ($meta->{license} // '') =~ /^(?:agpl_3|apache_[12]_[01]|artistic_[12]|bsd|freebsd|gfdl_1_[23]|gpl_[123]|lgpl_2_1|lgpl_3_0|mit|mozilla_1_[01]|openssl|perl_5|postgresql|qpl_1_0|ssleay|sun|zlib|open_source|restricted|unrestricted|unknown)$/,
	'license is not one of the names');
must(ref $meta->{tags} eq 'ARRAY' && !grep({ ref || length > 255 || m{[/\\[:cntrl:]]} || /^.?$/ } @{ $meta->{tags} }), 'tags are no tags');
for my $name (sort keys %{ $meta->{provides} || {} })
{
	my $provided = $meta->{provides}{$name};
	must($name =~ $term, "provides $name: no term");
	must(($provided->{version} // '') =~ $version, "provides $name: version is not of three numbers");
	must(-f "$folder/" . ($provided->{$_} // ''), "provides $name: $_ is no file") for 'file', 'docfile';
}
for my $phase (values %{ $meta->{prereqs} || {} })
{
	for my $kind (keys %$phase)
	{
		must($kind =~ /^(?:requires|recommends|suggests|conflicts)$/, "prereqs: unknown kind $kind");
		must($_ =~ /^(?:0|\d+\.\d+\.\d+)$/, "prereqs: $_ is no version") for values %{ $phase->{$kind} };
	}
}

# The extension's own files say the same.
my ($default) = slurp('retention.control') =~ /^default_version = '([^']*)'/m;
must(($meta->{version} // '') =~ /^\Q$default\E\.\d+$/, "retention.control says $default");
must(($meta->{provides}{retention}{file} // '') eq "sql/retention--$default.sql", "provides retention: not the script of $default");
my ($deb) = slurp('debian/changelog') =~ /^retention \(([^-)]*)/;
must($deb eq ($meta->{version} // ''), "debian/changelog says $deb");
my ($rpm) = slurp('packaging/retention.spec') =~ /^Version:\s*(\S+)/m;
must($rpm eq ($meta->{version} // ''), "packaging/retention.spec says $rpm");

die join '', map { "META.json: $_\n" } @wrong if @wrong;
print "$meta->{version}\n";
