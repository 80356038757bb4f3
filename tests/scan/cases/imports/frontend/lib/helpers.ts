export const help = () => 'help';
export default help;
