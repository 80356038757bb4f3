import React, { useEffect, useMemo, useState } from 'react';
import * as decoder from 'jwt-decode'; // finds: jwt-import

type Claims = { sub: string };

export function Profile({ token }: { token: string }) { // finds: validator
  const claims = useMemo(() => decoder.jwtDecode<Claims>(token), [token]); // finds: unverified-decode, frontend-decode
  return <p title="jwtDecode(token)">{claims.sub}</p>;
}

export const Inline: React.FC<{ token: string }> = ({ token }) => ( // finds: validator
  <p>
    {/* decoder.jwtDecode(token) */}
    {decoder.jwtDecode<Claims>(token).sub} {/* finds: unverified-decode, frontend-decode */}
  </p>
);

export function Boot() { // finds: validator
  const [user, setUser] = useState<Claims | null>(null);
  useEffect(() => {
    const token = localStorage.getItem('jwt_token'); // finds: storage-token-read
    if (token) setUser(JSON.parse(atob(token.split('.')[1]))); // finds: hand-parse, frontend-decode
  }, []);
  return <>{user?.sub}</>;
}

export const Link = ({ token }: { token: string }) => (
  <a href={`/ws?token=${token}`}>token</a> // finds: url-token
);
