use strict;
use utf8;
use Plack::Builder;
use Lemonldap::NG::Portal::Main;
use Lemonldap::NG::Portal::Main::Constants qw(PE_OK PE_BADCREDENTIALS);
use Lemonldap::NG::Portal::UserDB::Demo;
use Lemonldap::NG::Portal::Auth::Demo;

# Our people instead of those of its demonstration, and passwords that are not their names.
%Lemonldap::NG::Portal::UserDB::Demo::demoAccounts = (
    alice => { uid => 'alice', cn => 'Alice Example', mail => 'alice@example.test' },
    bob   => { uid => 'bob',   cn => 'Böb Ünïcode',   mail => 'bob@example.test' },
);
%Lemonldap::NG::Portal::UserDB::Demo::demoGroups = ();
{
    no warnings 'redefine';
    *Lemonldap::NG::Portal::Auth::Demo::authenticate = sub {
        my ( $self, $req ) = @_;
        return $req->data->{password} eq $req->{user} . 'pw' ? PE_OK : PE_BADCREDENTIALS;
    };
}

my $app = Lemonldap::NG::Portal::Main->run( {} );
builder {
    enable 'Static', path => sub { s{^/static/}{} },     root => '/usr/share/lemonldap-ng/portal/htdocs/static/';
    enable 'Static', path => sub { s{^/javascript/}{} }, root => '/usr/share/javascript/';
    $app;
};
